package apply

import "gpk/pkg/plan"

// registerRecovery adds the handlers of instances that are down.
func registerRecovery(r handlers, t *Target) {
	handle(r, func(a plan.Recovered) handler { return &recoveredHandler{target: t, action: a} })
	handle(r, func(plan.Answering) handler { return &answeringHandler{target: t} })
	handle(r, func(plan.Caught) handler { return &caughtHandler{target: t} })
	handle(r, func(plan.Balanced) handler { return &balancedHandler{target: t} })
}
