package engine

import (
	"errors"
	"reflect"

	"gpk/pkg/plan"
)

// Handlers make the handler of an action, by the action's type.
type Handlers map[reflect.Type]func(plan.Action) Handler

// Handle registers the handler of a type of actions.
func Handle[A plan.Action](r Handlers, of func(A) Handler) {
	r[reflect.TypeFor[A]()] = func(action plan.Action) Handler { return of(action.(A)) }
}

// Of makes the handler of a step.
func (r Handlers) Of(step plan.Step) (Handler, error) {
	of, known := r[reflect.TypeOf(step.Action)]
	if !known {
		return nil, errors.New("gpk has no handler for this step: please report it")
	}
	return of(step.Action), nil
}
