package expand

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Register adds the handlers of more segments.
func Register(r engine.Handlers, k *kube.Client, remote *remote.Pods, p *pods.Pods, db *database.Database, gpexpand *Gpexpand) {
	engine.Handle(r, func(a plan.Expandable) engine.Handler {
		return &expandableHandler{kube: k, db: db, gpexpand: gpexpand, action: a}
	})
	engine.Handle(r, func(a plan.Room) engine.Handler { return &roomHandler{db: db, action: a} })
	engine.Handle(r, func(a plan.Setup) engine.Handler {
		return &setupHandler{remote: remote, pods: p, db: db, gpexpand: gpexpand, action: a}
	})
	engine.Handle(r, func(a plan.Complete) engine.Handler {
		return &completeHandler{remote: remote, pods: p, db: db, gpexpand: gpexpand, action: a}
	})
	engine.Handle(r, func(a plan.Unset) engine.Handler { return &unsetHandler{db: db, gpexpand: gpexpand, action: a} })
	engine.Handle(r, func(a plan.Redistribute) engine.Handler {
		return &redistributeHandler{remote: remote, db: db, gpexpand: gpexpand, action: a}
	})
	engine.Handle(r, func(plan.DropExpansion) engine.Handler {
		return &dropExpansionHandler{remote: remote, db: db, gpexpand: gpexpand}
	})
	engine.Handle(r, func(plan.Analyze) engine.Handler { return &analyzeHandler{db: db} })
}
