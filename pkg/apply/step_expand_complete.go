package apply

import (
	"context"
	"fmt"
	"slices"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// completeHandler makes the mirrors that gpexpand has left behind, and notes on the volumes that the new instances are
// complete. gpexpand makes the mirrors last of all, after it has forgotten that it is not done.
type completeHandler struct {
	target *Target
	action plan.Complete
}

func (h *completeHandler) Check(ctx context.Context) (Finding, error) {
	if down, err := h.target.podsRunning(ctx, podNames(byPod(h.action.New))); err != nil || len(down) > 0 {
		return Finding{State: Unknown, Details: down}, err
	}
	return h.target.lookAt(ctx, h.look)
}

func (h *completeHandler) look(ctx context.Context, acting Acting) (Finding, error) {
	if missing := acting.Catalogue.Missing(h.action.New); len(missing) > 0 {
		return Finding{State: Unknown, Details: missing}, nil
	}
	if faults := newFaults(acting.Catalogue, h.action.New); len(faults) > 0 {
		return pendingIf(faults), nil
	}
	pods := byPod(h.action.New)
	facts, err := h.target.expansionFacts(ctx, pods)
	if err != nil {
		return Finding{}, err
	}
	var details []string
	for _, pod := range pods {
		for _, dir := range pod.dirs {
			if facts[pod.pod].Instances[dir].New {
				details = append(details, dir+" in pod "+pod.pod+" is not noted as complete")
			}
		}
	}
	unknown := make([]string, len(h.action.New))
	err = each(ctx, h.action.New, func(ctx context.Context, i int, instance topology.Instance) error {
		current, err := h.target.remote.Run(ctx, instance.Pod, segments.ReadHBA(instance.Dir))
		if err == nil && segments.ReplaceHBA(current, h.action.HBA) != current {
			unknown[i] = fmt.Sprintf("pg_hba.conf in %s of pod %s differs", instance.Dir, instance.Pod)
		}
		return err
	})
	return pendingIf(append(details, nonEmpty(unknown)...)), err
}

// newFaults says in words which of the new instances are not up and in sync.
func newFaults(catalogue segments.Catalogue, instances []topology.Instance) []string {
	return segments.Catalogue(catalogued(catalogue, instances)).Unhealthy()
}

func (h *completeHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.target.Acting(ctx)
	if err != nil {
		return err
	}
	down := slices.ContainsFunc(catalogued(acting.Catalogue, h.action.New), func(r segments.Row) bool { return !r.Up() })
	if down {
		if err := h.target.runJob(ctx, acting.Pod, "gprecoverseg-new", segments.RecoverFully(), progress); err != nil {
			return err
		}
	}
	err = until(ctx, settlePatience, progress, func() ([]string, error) {
		acting, err := h.target.probed(ctx)
		return newFaults(acting.Catalogue, h.action.New), err
	}, "%s")
	if err != nil {
		return err
	}
	err = each(ctx, h.action.New, func(ctx context.Context, _ int, instance topology.Instance) error {
		return h.target.writeHBA(ctx, instance.Pod, instance.Dir, h.action.HBA)
	})
	if err != nil {
		return err
	}
	return h.target.expand(ctx, "finish", byPod(h.action.New))
}
