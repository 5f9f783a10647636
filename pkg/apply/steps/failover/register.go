package failover

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Register adds the handlers of a change of coordinators, or of a segment's copies.
func Register(r engine.Handlers, k *kube.Client, remote *remote.Pods, store *record.Store, db *database.Database, old *OldCoordinator) {
	engine.Handle(r, func(a plan.Eligible) engine.Handler {
		return &eligibleHandler{store: store, db: db, old: old, action: a}
	})
	engine.Handle(r, func(a plan.Fence) engine.Handler {
		return &fenceHandler{kube: k, remote: remote, store: store, db: db, old: old, action: a}
	})
	engine.Handle(r, func(a plan.Activate) engine.Handler {
		return &activateHandler{remote: remote, store: store, db: db, old: old, action: a}
	})
	engine.Handle(r, func(a plan.Return) engine.Handler {
		return &rollbackHandler{remote: remote, store: store, db: db, action: a}
	})
	engine.Handle(r, func(a plan.Switched) engine.Handler {
		return &switchHandler{remote: remote, probes: db.Probes, action: a}
	})
}
