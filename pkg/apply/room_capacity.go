package apply

import "gpk/pkg/plan"

// registerCapacity adds the handlers of the question whether there is room.
func registerCapacity(r handlers, t *Target) {
	handle(r, func(a plan.Capacity) handler { return &capacityHandler{target: t, action: a} })
}
