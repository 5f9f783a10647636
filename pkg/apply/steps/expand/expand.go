// Package expand owns the steps that give a cluster more segments with gpexpand, and redistribute the rows over them.
package expand

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Register adds the handlers of an expansion.
func Register(r engine.Handlers, k *kube.Client, remote *remote.Pods, p *pods.Pods, db *database.Database, rows *Redistribution) {
	g := &gpexpand{remote: remote, pods: p, db: db}
	engine.Handle(r, func(a plan.Expandable) engine.Handler {
		return &expandableHandler{kube: k, db: db, gpexpand: g, redistribution: rows, action: a}
	})
	engine.Handle(r, func(a plan.Room) engine.Handler { return &roomHandler{db: db, gpexpand: g, action: a} })
	engine.Handle(r, func(a plan.Setup) engine.Handler { return &setupHandler{p, db, g, a} })
	engine.Handle(r, func(a plan.Complete) engine.Handler { return &completeHandler{remote, p, db, g, a} })
	engine.Handle(r, func(a plan.Unset) engine.Handler { return &rollbackHandler{db, g, a} })
	engine.Handle(r, func(a plan.Redistribute) engine.Handler {
		return &redistributeHandler{db: db, gpexpand: g, redistribution: rows, action: a}
	})
	engine.Handle(r, func(plan.DropExpansion) engine.Handler { return &dropSchemaHandler{remote, db, g, rows} })
	engine.Handle(r, func(plan.Analyze) engine.Handler { return &analyzeHandler{db: db} })
}
