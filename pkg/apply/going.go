package apply

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// goingPatience is how long a pod that is being deleted may be there beyond the time that it was given to end, which its
// DeletionTimestamp has in it. Only its kubelet says that it has ended, and that of a lost node never does.
const goingPatience = 2 * time.Minute

// overdue says for how long a pod that is being deleted should have been gone, and whether that is too long to wait any more.
func overdue(pod metav1.Object, now time.Time) (time.Duration, bool) {
	end := pod.GetDeletionTimestamp()
	if end == nil {
		return 0, false
	}
	passed := now.Sub(end.Time)
	return passed, passed >= goingPatience
}

// goingError says where the pod is that does not go. That a person has to make sure of the node comes first in what is to be
// typed: a pod that is deleted by force may go on there, with its database.
func (t *Target) goingError(ctx context.Context, name string, passed time.Duration) *NextError {
	return &NextError{fmt.Errorf("%s should have been gone for %s and is still being deleted",
		t.remote.Where(ctx, name), passed.Round(time.Second)),
		fmt.Sprintf("make sure that its node is off, then `kubectl delete pod -n %s %s --force`, and run this again", t.Ref.Namespace, name)}
}

// noneOverdue is the finding that forbids to stop a database for pods that cannot be made anew, since one does not go. ok: all do.
func (t *Target) noneOverdue(ctx context.Context) (found Finding, ok bool, err error) {
	pods, err := t.podsByName(ctx)
	if err != nil {
		return Finding{}, false, err
	}
	now := time.Now()
	for _, name := range slices.Sorted(maps.Keys(pods)) {
		if passed, late := overdue(pods[name], now); late {
			refusal := t.goingError(ctx, name, passed)
			return Finding{State: Blocked, Details: []string{"the database was not stopped: " + refusal.Error()}, Next: refusal.Next}, false, nil
		}
	}
	return Finding{}, true, nil
}
