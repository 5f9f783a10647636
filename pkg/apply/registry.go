package apply

import (
	"errors"
	"reflect"

	"gpk/pkg/plan"
)

// handlers make the handler of an action, by the action's type.
type handlers map[reflect.Type]func(plan.Action) handler

// handle registers what carries out actions of a type.
func handle[A plan.Action](r handlers, of func(A) handler) {
	r[reflect.TypeFor[A]()] = func(action plan.Action) handler { return of(action.(A)) }
}

// of is the handler of a step.
func (r handlers) of(step plan.Step) (handler, error) {
	of, known := r[reflect.TypeOf(step.Action)]
	if !known {
		return nil, errors.New("gpk has no handler for this step: please report it")
	}
	return of(step.Action), nil
}

// registerAll is the only place that knows all rooms.
func (t *Target) registerAll() handlers {
	r := handlers{}
	registerObjects(r, t)
	registerCapacity(r, t)
	registerCreate(r, t)
	registerStandby(r, t)
	registerSettings(r, t)
	registerWindow(r, t)
	registerFailover(r, t)
	registerRecovery(r, t)
	registerExpand(r, t)
	return r
}
