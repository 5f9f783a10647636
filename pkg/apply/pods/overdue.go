package pods

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
)

// deletionPatience is how long a deleted pod may exist beyond its DeletionTimestamp, which includes its grace period. Only its kubelet
// reports its end, and the kubelet of a lost node never does.
const deletionPatience = 2 * time.Minute

// Overdue is an error about the first of some pods that is overdue: it should be gone for two minutes or more. nil if none is. The
// advice begins with the node: a pod that is deleted by force may run on there, with its database.
func (p *Pods) Overdue(ctx context.Context, pods ...metav1.Object) *engine.NextError {
	for _, pod := range pods {
		if end := pod.GetDeletionTimestamp(); end != nil && time.Since(end.Time) >= deletionPatience {
			return overdueError(ctx, p, pod.GetName(), time.Since(end.Time))
		}
	}
	return nil
}

func overdueError(ctx context.Context, p *Pods, name string, passed time.Duration) *engine.NextError {
	return &engine.NextError{Err: fmt.Errorf("%s is still being deleted, %s after its grace period ended",
		p.remote.Where(ctx, name), passed.Round(time.Second)),
		Next: engine.Next(fmt.Sprintf("make sure that its node is off, then `kubectl delete pod -n %s %s --force`, and run this again",
			p.kube.Ref.Namespace, name))}
}

// NoneOverdue blocks the stop of a database if a pod is overdue: its StatefulSet cannot recreate it. ok: none is.
func (p *Pods) NoneOverdue(ctx context.Context) (found engine.Finding, ok bool, err error) {
	pods, err := p.ByName(ctx)
	if err != nil {
		return engine.Finding{}, false, err
	}
	for _, name := range slices.Sorted(maps.Keys(pods)) {
		if late := p.Overdue(ctx, pods[name]); late != nil {
			why := "the database was not stopped: " + late.Error()
			return engine.Finding{State: engine.Blocked, Details: []string{why}, Next: late.Next}, false, nil
		}
	}
	return engine.Finding{}, true, nil
}
