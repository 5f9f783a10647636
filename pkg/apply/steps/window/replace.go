package window

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// healthyHandler refuses to recreate pods of a database that might not start again.
type healthyHandler struct {
	engine.Nothing
	pods   *pods.Pods
	db     *database.Database
	action plan.Whole
}

func (h *healthyHandler) Check(ctx context.Context) (engine.Finding, error) {
	old, err := h.pods.Revisions.ToReplace(ctx, h.action.Replacing)
	if err != nil || len(old) == 0 {
		return engine.Finding{State: engine.Done}, err
	}
	if finding, ok, err := h.pods.NoneOverdue(ctx); err != nil || !ok {
		return finding, err
	}
	finding, err := h.db.WithProbed(ctx, h.look)
	if finding.State == engine.Unknown {
		return engine.Finding{State: engine.Blocked, Details: append([]string{"the database does not run"}, finding.Details...),
			Next: engine.Next("nothing was changed; find the cause with ", plan.Gpk("status"), ", then start the database and run this again: ",
				plan.Gpk("start"))}, err
	}
	return finding, err
}

func (h *healthyHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if faults := acting.Catalogue.Broken(); len(faults) > 0 {
		return engine.BlockedBy(strings.Join(faults, "; "), "nothing was changed; run this again after ", plan.Gpk("recover")), nil
	}
	expanding, err := h.db.Query(ctx, acting, "postgres", segments.ExpandingSQL)
	if err != nil {
		return engine.Finding{}, err
	}
	if expanding == "t" {
		return engine.BlockedBy("an expansion is unfinished: the database postgres has the schema gpexpand",
			"nothing was changed; run this again after ", plan.Gpk("expand", "--resume")), nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// replaceHandler recreates the pods whose database container differs from their StatefulSet's. The step before it has stopped their
// instances.
type replaceHandler struct {
	pods   *pods.Pods
	action plan.Replaced
}

func (h *replaceHandler) Check(ctx context.Context) (engine.Finding, error) {
	old, err := h.old(ctx)
	why := " has another image or other resources than its StatefulSet"
	if h.action.Converting {
		why = " knows hosts by their full names"
	}
	var details []string
	for _, pod := range old {
		details = append(details, "pod "+pod.Name+why)
	}
	return engine.PendingIf(details), err
}

func (h *replaceHandler) old(ctx context.Context) ([]*corev1.Pod, error) {
	if h.action.Converting {
		return h.pods.Revisions.WithFullNames(ctx)
	}
	return h.pods.Revisions.ToReplace(ctx, h.action.Sets)
}

// Do deletes the pods all at once and waits until they are gone. Their StatefulSets recreate them.
func (h *replaceHandler) Do(ctx context.Context, progress func(string)) error {
	for _, set := range h.action.Sets {
		// A controller that has not seen the template yet would recreate the pods from the old one.
		if _, err := h.pods.Revisions.Observed(ctx, set.Name); err != nil {
			return err
		}
	}
	old, err := h.old(ctx)
	if err != nil {
		return err
	}
	return h.pods.Replace(ctx, old, progress)
}

// releaseHandler asks the programs of every pod for their release. It changes nothing.
type releaseHandler struct {
	engine.Nothing
	remote *remote.Pods
	pods   *pods.Pods
	action plan.Release
}

func (h *releaseHandler) Check(ctx context.Context) (engine.Finding, error) {
	down, err := h.pods.NotRunning(ctx, h.action.Pods)
	if err != nil || len(down) > 0 {
		return engine.Finding{State: engine.Unknown, Details: down}, err
	}
	others := make([]string, len(h.action.Pods))
	err = engine.Each(ctx, h.action.Pods, func(ctx context.Context, i int, pod string) error {
		out, err := h.remote.Run(ctx, pod, segments.AskRelease())
		if err != nil {
			return err
		}
		release, err := segments.Release(out)
		if err == nil && !segments.SameRelease(release, h.action.Version) {
			others[i] = fmt.Sprintf("pod %s runs the release %s", pod, release)
		}
		return err
	})
	return engine.PendingIf(engine.NonEmpty(others)), err
}
