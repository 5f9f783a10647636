package apply

import "gpk/pkg/plan"

// registerSettings adds the handlers of server settings.
func registerSettings(r handlers, t *Target) {
	handle(r, func(a plan.Configure) handler { return &configureHandler{target: t, action: a} })
	handle(r, func(a plan.Valid) handler { return &validHandler{target: t, action: a} })
	handle(r, func(a plan.Written) handler { return &writtenHandler{target: t, action: a} })
	handle(r, func(a plan.Effective) handler { return &effectiveHandler{target: t, action: a} })
	handle(r, func(a plan.Kept) handler { return &keptHandler{target: t, action: a} })
}
