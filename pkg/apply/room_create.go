package apply

import "gpk/pkg/plan"

// registerCreate adds the handlers of a new database.
func registerCreate(r handlers, t *Target) {
	handle(r, func(a plan.Image) handler { return &imageHandler{target: t, action: a} })
	handle(r, func(a plan.Reach) handler { return &reachHandler{target: t, action: a} })
	handle(r, func(a plan.Initialise) handler { return &initialiseHandler{target: t, action: a} })
	handle(r, func(a plan.Database) handler { return &databaseHandler{target: t, action: a} })
	handle(r, func(a plan.Passwords) handler { return &passwordsHandler{target: t, action: a} })
	handle(r, func(a plan.Roles) handler { return &rolesHandler{target: t, action: a} })
	handle(r, func(a plan.Expose) handler { return &exposeHandler{target: t, action: a} })
	handle(r, func(a plan.Hosts) handler { return &hostsHandler{target: t, action: a} })
	handle(r, func(a plan.Verify) handler { return &verifyHandler{target: t, action: a} })
	handle(r, func(plan.Synced) handler { return &syncedHandler{target: t} })
}
