package apply

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// actingManager owns what follows the acting coordinator and not cluster.yaml: the selector of the clients' Service, and
// the state that the pods read.
const actingManager = "gpk-acting-coordinator"

// Values of the state's plan.StateDatabase.
const (
	databaseRuns    = "running"
	databaseStopped = "stopped"
)

// state is what gpk has decided and the pods read when they restart; nothing for a cluster that was never made.
func (t *Target) state(ctx context.Context) (map[string]string, error) {
	found, err := t.configMap(ctx, plan.StateName(t.Ref.Name), "state")
	if found == nil || err != nil {
		return nil, err
	}
	return found.Data, nil
}

// decide changes some of what gpk has decided, keeps the rest, and gives the decision's term. The pods see it within two
// minutes, and those that are made anew at once.
func (t *Target) decide(ctx context.Context, changes map[string]string) (term string, err error) {
	merged, same, err := t.toDecide(ctx, changes)
	if err == nil && !same {
		_, err = t.apply(ctx, t.stateObject(merged), actingManager, false)
	}
	return merged[plan.StateTerm], err
}

// announce decides, and lets the coordinators' pods that run and can be reached know the term of it, so that none of them acts
// on what was decided before if its container ends right now. The other pods do nothing without a coordinator.
func (t *Target) announce(ctx context.Context, changes map[string]string, progress func(string)) error {
	term, err := t.decide(ctx, changes)
	if err != nil || term == "" { // what was decided without a term has not changed
		return err
	}
	pods, err := t.coordinatorPods(ctx)
	if err != nil {
		return err
	}
	return each(ctx, pods, func(ctx context.Context, _ int, pod string) error {
		if _, err := t.remote.RunSoon(ctx, pod, segments.Learn(term), askTime); err != nil {
			progress(fmt.Sprintf("pod %s sees it within two minutes: %s", pod, firstLine(err)))
		}
		return ctx.Err()
	})
}

// toDecide is what decide would note. same says that all of it has been decided already.
func (t *Target) toDecide(ctx context.Context, changes map[string]string) (merged map[string]string, same bool, err error) {
	decided, err := t.state(ctx)
	if err != nil {
		return nil, false, err
	}
	merged = decision(decided, changes, time.Now())
	return merged, maps.Equal(merged, decided), nil
}

// actsIn is the decision that a database runs on these hosts, with its acting coordinator in a pod.
func actsIn(pod string, hosts []string) map[string]string {
	return map[string]string{plan.StateCoordinator: pod, plan.StateDatabase: databaseRuns, plan.StateHosts: hostLines(hosts)}
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

func (t *Target) stateObject(data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: plan.StateName(t.Ref.Name), Namespace: t.Ref.Namespace,
			Labels: plan.Labels(t.Ref.Name)},
		Data: data,
	}
}

// hostLines is the form of plan.StateHosts.
func hostLines(hosts []string) string { return strings.Join(hosts, "\n") + "\n" }
