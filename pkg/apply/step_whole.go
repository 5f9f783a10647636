package apply

import (
	"context"
	"fmt"
	"strings"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// wholeHandler looks, before pods are replaced, whether the database would survive it. It has nothing to do: its Check is
// either done or blocked.
type wholeHandler struct {
	nothing
	target *Target
	action plan.Whole
}

func (h *wholeHandler) Check(ctx context.Context) (Finding, error) {
	old, err := h.target.toReplace(ctx, h.action.Replacing)
	if err != nil || len(old) == 0 {
		return Finding{State: Done}, err
	}
	if finding, ok, err := h.target.noneOverdue(ctx); err != nil || !ok {
		return finding, err
	}
	finding, err := h.target.lookProbed(ctx, h.look)
	if finding.State == Unknown {
		return Finding{State: Blocked, Details: append([]string{"the database does not run"}, finding.Details...),
			Next: "nothing was changed: `gpk start` starts it, `gpk status` says what is amiss; then run this again"}, err
	}
	return finding, err
}

func (h *wholeHandler) look(ctx context.Context, acting Acting) (Finding, error) {
	if faults := acting.Catalogue.Broken(); len(faults) > 0 {
		return Finding{State: Blocked, Details: []string{strings.Join(faults, "; ")},
			Next: "nothing was changed: `gpk recover` brings them back; then run this again"}, nil
	}
	expanding, err := h.target.sql(ctx, acting, "postgres", segments.ExpandingSQL)
	if err != nil {
		return Finding{}, err
	}
	if expanding == "t" {
		return Finding{State: Blocked, Details: []string{"an expansion is under way: the database postgres has the schema gpexpand"},
			Next: "nothing was changed: finish it with `gpk expand --resume`; then run this again"}, nil
	}
	return Finding{State: Done}, nil
}

// releaseHandler asks the programs of every pod for their release. It has nothing to do either.
type releaseHandler struct {
	nothing
	target *Target
	action plan.Release
}

func (h *releaseHandler) Check(ctx context.Context) (Finding, error) {
	down, err := h.target.podsRunning(ctx, h.action.Pods)
	if err != nil || len(down) > 0 {
		return Finding{State: Unknown, Details: down}, err
	}
	others := make([]string, len(h.action.Pods))
	err = each(ctx, h.action.Pods, func(ctx context.Context, i int, pod string) error {
		out, err := h.target.remote.Run(ctx, pod, segments.AskRelease())
		if err != nil {
			return err
		}
		release, err := segments.Release(out)
		if err == nil && !segments.SameRelease(release, h.action.Version) {
			others[i] = fmt.Sprintf("pod %s runs the release %s", pod, release)
		}
		return err
	})
	return pendingIf(nonEmpty(others)), err
}
