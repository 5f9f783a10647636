// Package expand owns the steps that give a cluster more segments with gpexpand, and redistribute the rows over them.
package expand

import (
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// Register adds the handlers of an expansion.
func Register(r engine.Handlers, k *kube.Client, p *pods.Pods, rows *Redistribution) {
	g := &gpexpand{rows.remote, p, rows.db, rows}
	engine.Handle(r, func(a plan.Expandable) engine.Handler { return &expandableHandler{kube: k, gpexpand: g, action: a} })
	engine.Handle(r, func(a plan.Room) engine.Handler { return &roomHandler{gpexpand: g, action: a} })
	engine.Handle(r, func(a plan.Setup) engine.Handler { return &setupHandler{g, a} })
	engine.Handle(r, func(a plan.Complete) engine.Handler { return &completeHandler{g, a} })
	engine.Handle(r, func(a plan.Unset) engine.Handler { return &rollbackHandler{g, a} })
	engine.Handle(r, func(a plan.Redistribute) engine.Handler { return &redistributeHandler{gpexpand: g, action: a} })
	engine.Handle(r, func(plan.DropExpansion) engine.Handler { return &dropSchemaHandler{g} })
	engine.Handle(r, func(plan.Analyze) engine.Handler { return &analyzeHandler{db: rows.db} })
}
