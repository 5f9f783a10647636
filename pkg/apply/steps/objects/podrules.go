package objects

import (
	"context"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
)

// checkPods blocks pods that the API server would refuse, by a dry run of a pod of each StatefulSet.
func (h *admissibleHandler) checkPods(ctx context.Context, sets []*appsv1.StatefulSet) (engine.Finding, error) {
	exist, err := h.pods.ByName(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	refused, undecided := make([]string, len(sets)), make([]string, len(sets))
	err = engine.Each(ctx, sets, func(ctx context.Context, i int, set *appsv1.StatefulSet) error {
		_, err := h.pods.Revisions.Try(ctx, set)
		missing := slices.ContainsFunc(pods.Of(set), func(name string) bool { return exist[name] == nil })
		refused[i], undecided[i] = podRefusal(set, err, missing), kube.Undecided(err)
		if kube.Refusal(pods.Trial(set), err) != "" || undecided[i] != "" {
			return nil
		}
		return err
	})
	switch found, reasons := engine.NonEmpty(refused), engine.NonEmpty(undecided); {
	case err != nil:
		return engine.Finding{}, err
	case len(found) > 0:
		return engine.Finding{State: engine.Blocked, Details: found, Next: h.next(found)}, nil
	case len(reasons) > 0:
		return unchecked("pods", reasons[0]), nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// podRefusal says why the API server refuses the pods of a StatefulSet, "" if it does not. A quota that has no room for one pod more
// counts only if a pod is missing: a pod that gpk recreates gives back what it has of the quota. The step capacity reckons with that.
func podRefusal(set *appsv1.StatefulSet, err error, missing bool) string {
	trial := pods.Trial(set)
	cause := kube.Refusal(trial, err)
	if !missing && strings.Contains(cause, "exceeded quota") {
		return ""
	}
	return strings.Replace(cause, kube.ObjectName(trial), "the pods of StatefulSet/"+set.Name, 1)
}
