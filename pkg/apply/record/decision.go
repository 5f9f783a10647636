package record

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// Values of the state's plan.StateDatabase.
const (
	DatabaseRuns    = "running"
	DatabaseStopped = "stopped"
)

// State is what gpk has decided and the pods read when they restart; nothing for a cluster that was never made.
func (s *Store) State(ctx context.Context) (map[string]string, error) {
	found, err := s.kube.ConfigMap(ctx, plan.StateName(s.kube.Ref.Name), "state")
	if found == nil || err != nil {
		return nil, err
	}
	return found.Data, nil
}

// Decide changes some of what gpk has decided, keeps the rest, and gives the decision's term. The pods see it within two
// minutes, and those that are made anew at once.
func (s *Store) Decide(ctx context.Context, changes map[string]string) (term string, err error) {
	merged, same, err := s.ToDecide(ctx, changes)
	if err == nil && !same {
		_, err = s.kube.Apply(ctx, s.stateObject(merged), kube.ActingManager, false)
	}
	return merged[plan.StateTerm], err
}

// ToDecide is what decide would note. same says that all of it has been decided already.
func (s *Store) ToDecide(ctx context.Context, changes map[string]string) (merged map[string]string, same bool, err error) {
	decided, err := s.State(ctx)
	if err != nil {
		return nil, false, err
	}
	merged = decision(decided, changes, time.Now())
	return merged, maps.Equal(merged, decided), nil
}

// ActsIn is the decision that a database runs on these hosts, with its acting coordinator in a pod.
func ActsIn(pod string, hosts []string) map[string]string {
	return map[string]string{plan.StateCoordinator: pod, plan.StateDatabase: DatabaseRuns, plan.StateHosts: HostLines(hosts)}
}

// decision is what was decided with changes. Another coordinator, or that the database is to run or not, is a decision of
// another term: the time, so that the terms grow also where the object with the last one was lost.
func decision(decided, changes map[string]string, now time.Time) map[string]string {
	merged := map[string]string{}
	maps.Copy(merged, decided)
	maps.Copy(merged, changes)
	if merged[plan.StateCoordinator] != decided[plan.StateCoordinator] || merged[plan.StateDatabase] != decided[plan.StateDatabase] {
		last, _ := strconv.ParseInt(decided[plan.StateTerm], 10, 64)
		merged[plan.StateTerm] = strconv.FormatInt(max(last+1, now.Unix()), 10)
	}
	return merged
}

func (s *Store) stateObject(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: plan.StateName(s.kube.Ref.Name), Namespace: s.kube.Ref.Namespace,
			Labels: plan.Labels(s.kube.Ref.Name)},
		Data: data,
	}
}

// HostLines is the form of plan.StateHosts.
func HostLines(hosts []string) string { return strings.Join(hosts, "\n") + "\n" }
