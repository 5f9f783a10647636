// Package window owns the steps of a maintenance window: the time in which clients cannot use the database because its pods are recreated
// with another image or other resources. Before it, the image is pulled and the database must be healthy. In it, the database is stopped
// and started. Stop, start and restart, which recreate no pod, share these steps.
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

// Register adds the handlers of a maintenance window.
func Register(r engine.Handlers, k *kube.Client, remote *remote.Pods, store *record.Store, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.Stopped) engine.Handler {
		stop := &stopHandler{store, p, db, a}
		if a.Removing {
			return &removalHandler{stop: stop}
		}
		return stop
	})
	engine.Handle(r, func(a plan.Started) engine.Handler { return &startHandler{remote, store, p, db, a} })
	engine.Handle(r, func(a plan.Whole) engine.Handler { return &healthyHandler{pods: p, db: db, action: a} })
	engine.Handle(r, func(a plan.Pulled) engine.Handler {
		return &pullHandler{kube: k, remote: remote, pods: p, db: db, action: a}
	})
	engine.Handle(r, func(a plan.Replaced) engine.Handler { return &replaceHandler{p, a} })
	engine.Handle(r, func(a plan.Release) engine.Handler { return &releaseHandler{remote: remote, pods: p, action: a} })
}
