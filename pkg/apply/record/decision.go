package record

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// Values of the state's plan.StateDatabase.
const (
	DatabaseRuns    = "running"
	DatabaseStopped = "stopped"
)

// State are the decisions of gpk, which the pods read when they restart. There are none before the cluster is created.
func (s *Store) State(ctx context.Context) (map[string]string, error) {
	found, err := s.kube.ConfigMap(ctx, plan.StateName(s.kube.Ref.Name), "state")
	if found == nil || err != nil {
		return nil, err
	}
	return found.Data, nil
}

// Decide changes some decisions, keeps the others, and gives the term. The pods read it within two minutes, and new pods at once.
func (s *Store) Decide(ctx context.Context, changes map[string]string) (term string, err error) {
	return s.DecideAfter(ctx, changes, 0)
}

// DecideAfter is Decide with the latest term that the coordinators' pods know of. The new one is greater, also where the object with the
// last decision was lost and the volumes still have its term. It fails if another gpk has decided meanwhile.
func (s *Store) DecideAfter(ctx context.Context, changes map[string]string, known int64) (term string, err error) {
	found, err := s.kube.ConfigMap(ctx, plan.StateName(s.kube.Ref.Name), "state")
	if err != nil {
		return "", err
	}
	var decided map[string]string
	object := s.configMap(plan.StateName(s.kube.Ref.Name), nil)
	if found != nil {
		decided, object.ResourceVersion = found.Data, found.ResourceVersion
	}
	object.Data = decision(decided, changes, known, time.Now())
	if !maps.Equal(object.Data, decided) {
		_, err = s.kube.Apply(ctx, object, kube.ActingManager, false)
	}
	if apierrors.IsConflict(err) {
		// The answer to the same decision may have been lost, and the request sent again.
		if now, asked := s.State(ctx); asked == nil && maps.Equal(now, object.Data) {
			err = nil
		}
	}
	return object.Data[plan.StateTerm], err
}

// ToDecide is what Decide would write. same reports that all of it is decided already.
func (s *Store) ToDecide(ctx context.Context, changes map[string]string) (merged map[string]string, same bool, err error) {
	decided, err := s.State(ctx)
	if err != nil {
		return nil, false, err
	}
	merged = decision(decided, changes, 0, time.Now())
	return merged, maps.Equal(merged, decided), nil
}

// ActsIn is the decision that a database runs on these hosts, with its acting coordinator in a pod.
func ActsIn(pod string, hosts []string) map[string]string {
	return map[string]string{plan.StateCoordinator: pod, plan.StateDatabase: DatabaseRuns, plan.StateHosts: HostLines(hosts)}
}

// decision are earlier decisions with changes. Another coordinator, a stop and a start get a later term, and so does whatever is older
// than a term that is known. The time is only where terms begin.
func decision(decided, changes map[string]string, known int64, now time.Time) map[string]string {
	merged := map[string]string{}
	maps.Copy(merged, decided)
	maps.Copy(merged, changes)
	last, _ := strconv.ParseInt(decided[plan.StateTerm], 10, 64)
	changed := merged[plan.StateCoordinator] != decided[plan.StateCoordinator] || merged[plan.StateDatabase] != decided[plan.StateDatabase]
	switch latest := max(last, known); {
	case !changed && known <= last:
	case latest == 0:
		merged[plan.StateTerm] = strconv.FormatInt(now.Unix(), 10)
	default:
		merged[plan.StateTerm] = strconv.FormatInt(latest+1, 10)
	}
	return merged
}

// HostLines is the form of plan.StateHosts.
func HostLines(hosts []string) string { return strings.Join(hosts, "\n") + "\n" }
