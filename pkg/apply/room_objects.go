package apply

import "gpk/pkg/plan"

// registerObjects adds the handlers of objects: what is applied, deleted and waited for.
func registerObjects(r handlers, t *Target) {
	handle(r, func(a plan.Apply) handler { return applying(t, a) })
	handle(r, func(a plan.Keys) handler { return &keysHandler{target: t, action: a} })
	handle(r, func(a plan.Present) handler { return &presentHandler{target: t, action: a} })
	handle(r, func(a plan.Remove) handler { return &removeHandler{target: t, action: a} })
	handle(r, func(a plan.Absent) handler { return &absentHandler{target: t, action: a} })
	handle(r, func(a plan.Orphaned) handler { return &orphanedHandler{target: t, action: a} })
	handle(r, func(a plan.Growable) handler { return &growableHandler{target: t, action: a} })
	handle(r, func(a plan.Grown) handler { return &grownHandler{target: t, action: a} })
	handle(r, func(a plan.Admissible) handler { return &admissibleHandler{target: t, action: a} })
	handle(r, func(a plan.Running) handler { return &runningHandler{target: t, action: a, patience: podPatience} })
	handle(r, func(a plan.Ready) handler { return &readyHandler{target: t, action: a} })
}

// applying makes objects, and spreads the mirrors' pods where the plan asks for it.
func applying(t *Target, a plan.Apply) handler {
	h := applyHandler{target: t, action: a}
	if a.Spread == nil {
		return &h
	}
	return &spreadHandler{h, nodePatience}
}
