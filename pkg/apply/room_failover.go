package apply

import "gpk/pkg/plan"

// registerFailover adds the handlers of a change of coordinators, or of a segment's copies.
func registerFailover(r handlers, t *Target) {
	handle(r, func(a plan.Eligible) handler { return &eligibleHandler{target: t, action: a} })
	handle(r, func(a plan.Fence) handler { return &fenceHandler{target: t, action: a} })
	handle(r, func(a plan.Activate) handler { return &activateHandler{target: t, action: a} })
	handle(r, func(a plan.Return) handler { return &returnHandler{target: t, action: a} })
	handle(r, func(a plan.Switched) handler { return &switchedHandler{target: t, action: a} })
}
