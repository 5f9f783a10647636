// Package recovery owns the steps that recover segments: primaries that answer, instances that are up, mirrors in sync, preferred roles.
package recovery

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Register adds the handlers of instances that are down.
func Register(r engine.Handlers, remote *remote.Pods, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.Recovered) engine.Handler {
		return &segmentsHandler{remote: remote, pods: p, db: db, action: a}
	})
	engine.Handle(r, func(plan.Answering) engine.Handler { return &primariesHandler{pods: p, db: db} })
	engine.Handle(r, func(plan.Caught) engine.Handler { return &syncHandler{db.Probes, db.SQL} })
	engine.Handle(r, func(plan.Balanced) engine.Handler { return &rebalanceHandler{db: db} })
}
