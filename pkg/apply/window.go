package apply

import "gpk/pkg/plan"

// windowHandler is the one that carries out an action of upgrade, config or resize, nil for another.
func (t *Target) windowHandler(action plan.Action) handler {
	switch action := action.(type) {
	case plan.Whole:
		return &wholeHandler{t, action}
	case plan.Pulled:
		return &pulledHandler{target: t, action: action}
	case plan.Replaced:
		return &replacedHandler{t, action}
	case plan.Release:
		return &releaseHandler{t, action}
	case plan.Valid:
		return &validHandler{t, action}
	case plan.Written:
		return &writtenHandler{t, action}
	case plan.Effective:
		return &effectiveHandler{t, action}
	case plan.Growable:
		return &growableHandler{t, action}
	case plan.Grown:
		return &grownHandler{t, action}
	case plan.Orphaned:
		return &orphanedHandler{t, action}
	}
	return nil
}
