package apply

import (
	"context"
	"slices"

	"gpk/pkg/plan"
)

// applyHandler makes objects be as given, by server-side apply.
type applyHandler struct {
	target *Target
	action plan.Apply
}

func (h *applyHandler) Check(ctx context.Context) (Finding, error) {
	differences := make([]string, len(h.action.Objects))
	err := each(ctx, h.action.Objects, func(ctx context.Context, i int, object plan.Object) (err error) {
		differences[i], err = h.target.difference(ctx, object, manager)
		return err
	})
	if err != nil {
		return Finding{}, err
	}
	return pendingIf(slices.DeleteFunc(differences, func(d string) bool { return d == "" })), nil
}

func (h *applyHandler) Do(ctx context.Context, _ func(string)) error {
	return each(ctx, h.action.Objects, func(ctx context.Context, _ int, object plan.Object) error {
		_, err := h.target.apply(ctx, object, manager, false)
		return err
	})
}

// pendingIf is done without details, and pending with them.
func pendingIf(details []string) Finding {
	if len(details) == 0 {
		return Finding{State: Done}
	}
	return Finding{State: Pending, Details: details}
}
