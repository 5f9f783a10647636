package apply

import "gpk/pkg/plan"

// registerExpand adds the handlers of more segments.
func registerExpand(r handlers, t *Target) {
	handle(r, func(a plan.Expandable) handler { return &expandableHandler{target: t, action: a} })
	handle(r, func(a plan.Room) handler { return &roomHandler{target: t, action: a} })
	handle(r, func(a plan.Setup) handler { return &setupHandler{target: t, action: a} })
	handle(r, func(a plan.Complete) handler { return &completeHandler{target: t, action: a} })
	handle(r, func(a plan.Unset) handler { return &unsetHandler{target: t, action: a} })
	handle(r, func(a plan.Redistribute) handler { return &redistributeHandler{target: t, action: a} })
	handle(r, func(plan.DropExpansion) handler { return &dropExpansionHandler{target: t} })
	handle(r, func(plan.Analyze) handler { return &analyzeHandler{target: t} })
}
