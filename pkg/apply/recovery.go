package apply

import "gpk/pkg/plan"

// recoveryHandler is the one that carries out a step of start, stop, failover or recover; nil: the action is none of theirs.
func (t *Target) recoveryHandler(action plan.Action) handler {
	switch action := action.(type) {
	case plan.Stopped:
		return &stoppedHandler{t, action}
	case plan.Started:
		return &startedHandler{t, action}
	case plan.Eligible:
		return &eligibleHandler{t, action}
	case plan.Fence:
		return &fenceHandler{target: t, action: action}
	case plan.Activate:
		return &activateHandler{t, action}
	case plan.Return:
		return &returnHandler{t, action}
	case plan.Rebuild:
		return &rebuildHandler{t, action}
	case plan.Present:
		return &presentHandler{t, action}
	case plan.Answering:
		return &answeringHandler{t}
	case plan.RebuildFirst:
		return &rebuildFirstHandler{rebuildHandler: rebuildHandler{t, action.Rebuild}}
	case plan.Recovered:
		return &recoveredHandler{t, action}
	case plan.Caught:
		return &caughtHandler{t}
	case plan.Balanced:
		return &balancedHandler{t}
	case plan.Switched:
		return &switchedHandler{target: t, action: action}
	}
	return nil
}
