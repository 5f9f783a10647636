package apply

import "gpk/pkg/plan"

// registerWindow adds the handlers of a database that is stopped, and started in other pods.
func registerWindow(r handlers, t *Target) {
	handle(r, func(a plan.Stopped) handler { return &stoppedHandler{target: t, action: a} })
	handle(r, func(a plan.Started) handler { return &startedHandler{target: t, action: a} })
	handle(r, func(a plan.Whole) handler { return &wholeHandler{target: t, action: a} })
	handle(r, func(a plan.Pulled) handler { return &pulledHandler{target: t, action: a} })
	handle(r, func(a plan.Replaced) handler { return &replacedHandler{target: t, action: a} })
	handle(r, func(a plan.Release) handler { return &releaseHandler{target: t, action: a} })
}
