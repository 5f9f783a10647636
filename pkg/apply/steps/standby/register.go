package standby

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Register adds the handlers of the standby coordinator.
func Register(r engine.Handlers, remote *remote.Pods, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.Standby) engine.Handler {
		return &standbyHandler{remote: remote, pods: p, db: db, action: a}
	})
	engine.Handle(r, func(a plan.Rebuild) engine.Handler {
		return &rebuildHandler{remote: remote, pods: p, db: db, action: a}
	})
	engine.Handle(r, func(a plan.RebuildFirst) engine.Handler {
		return &rebuildFirstHandler{rebuildHandler: rebuildHandler{remote: remote, pods: p, db: db, action: a.Rebuild}}
	})
}
