package apply

import "gpk/pkg/plan"

// registerStandby adds the handlers of the standby coordinator.
func registerStandby(r handlers, t *Target) {
	handle(r, func(a plan.Standby) handler { return &standbyHandler{target: t, action: a} })
	handle(r, func(a plan.Rebuild) handler { return &rebuildHandler{target: t, action: a} })
	handle(r, func(a plan.RebuildFirst) handler {
		return &rebuildFirstHandler{rebuildHandler: rebuildHandler{target: t, action: a.Rebuild}}
	})
}
