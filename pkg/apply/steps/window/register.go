package window

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Register adds the handlers of a database that is stopped, and started in other pods.
func Register(r engine.Handlers, k *kube.Client, remote *remote.Pods, store *record.Store, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.Stopped) engine.Handler { return &stoppedHandler{store: store, pods: p, db: db, action: a} })
	engine.Handle(r, func(a plan.Started) engine.Handler { return &startedHandler{store: store, pods: p, db: db, action: a} })
	engine.Handle(r, func(a plan.Whole) engine.Handler { return &wholeHandler{pods: p, db: db, action: a} })
	engine.Handle(r, func(a plan.Pulled) engine.Handler {
		return &pulledHandler{kube: k, remote: remote, pods: p, db: db, action: a}
	})
	engine.Handle(r, func(a plan.Replaced) engine.Handler { return &replacedHandler{pods: p, action: a} })
	engine.Handle(r, func(a plan.Release) engine.Handler { return &releaseHandler{remote: remote, pods: p, action: a} })
}
