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

// goingPatience is how long a pod that is being deleted may be there beyond the time that it was given to end, which its
// DeletionTimestamp has in it. Only its kubelet says that it has ended, and that of a lost node never does.
const goingPatience = 2 * time.Minute

// Overdue says for how long a pod that is being deleted should have been gone, and whether that is too long to wait any more.
func Overdue(pod metav1.Object, now time.Time) (time.Duration, bool) {
	end := pod.GetDeletionTimestamp()
	if end == nil {
		return 0, false
	}
	passed := now.Sub(end.Time)
	return passed, passed >= goingPatience
}

// GoingError says where the pod is that does not go. That a person has to make sure of the node comes first in what is to be
// typed: a pod that is deleted by force may go on there, with its database.
func (p *Pods) GoingError(ctx context.Context, name string, passed time.Duration) *engine.NextError {
	return &engine.NextError{Err: fmt.Errorf("%s should have been gone for %s and is still being deleted",
		p.remote.Where(ctx, name), passed.Round(time.Second)),
		Next: engine.Next(fmt.Sprintf("make sure that its node is off, then `kubectl delete pod -n %s %s --force`, and run this again", p.kube.Ref.Namespace, name))}
}

// NoneOverdue is the finding that forbids to stop a database for pods that cannot be made anew, since one does not go. ok: all do.
func (p *Pods) NoneOverdue(ctx context.Context) (found engine.Finding, ok bool, err error) {
	pods, err := p.ByName(ctx)
	if err != nil {
		return engine.Finding{}, false, err
	}
	now := time.Now()
	for _, name := range slices.Sorted(maps.Keys(pods)) {
		if passed, late := Overdue(pods[name], now); late {
			refusal := p.GoingError(ctx, name, passed)
			return engine.Finding{State: engine.Blocked, Details: []string{"the database was not stopped: " + refusal.Error()}, Next: refusal.Next}, false, nil
		}
	}
	return engine.Finding{}, true, nil
}
