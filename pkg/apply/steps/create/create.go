// Package create owns the steps that make a database in pods that run. They inspect the image, try the connections, run gpinitsystem, make
// the roles and the user's database, and point the clients' Service at the coordinator.
package create

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Register adds the handlers of a new database.
func Register(r engine.Handlers, k *kube.Client, remote *remote.Pods, store *record.Store, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.Image) engine.Handler { return &imageHandler{remote, p, a} })
	engine.Handle(r, func(a plan.Reach) engine.Handler {
		return &reachHandler{remote: remote, store: store, pods: p, action: a}
	})
	engine.Handle(r, func(a plan.Initialise) engine.Handler {
		return &initialiseHandler{remote: remote, store: store, pods: p, db: db, action: a}
	})
	engine.Handle(r, func(a plan.Database) engine.Handler { return &databaseHandler{db, a} })
	engine.Handle(r, func(a plan.Authentication) engine.Handler { return &authenticationHandler{db: db, action: a} })
	engine.Handle(r, func(a plan.Enforced) engine.Handler {
		return &enforcedHandler{kube: k, store: store, pods: p, action: a}
	})
	engine.Handle(r, func(a plan.Passwords) engine.Handler { return &passwordsHandler{kube: k, action: a} })
	engine.Handle(r, func(a plan.Roles) engine.Handler { return &rolesHandler{k, db, a} })
	engine.Handle(r, func(a plan.Expose) engine.Handler { return &exposeHandler{k, store, db, a} })
	engine.Handle(r, func(a plan.Hosts) engine.Handler { return &hostsHandler{store, a} })
	engine.Handle(r, func(a plan.Verify) engine.Handler { return &verifyHandler{remote, p, db, a} })
	engine.Handle(r, func(a plan.Synced) engine.Handler { return &syncedHandler{db, a} })
}
