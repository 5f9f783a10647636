package apply

import (
	"errors"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// lostPod is one that a lost node's kubelet was told to end some time ago, of an image that is not wanted any more.
func lostPod(name string, ago time.Duration) *corev1.Pod {
	p := apitest.Pod(name, apitest.Runs(), true)
	p.UID, p.Spec.NodeName = "u", "node9"
	p.DeletionTimestamp = &metav1.Time{Time: time.Now().Add(-ago)}
	p.Spec.Containers = apitest.ContainerOf("x:1", "", "")
	p.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: "demo-primary", Controller: new(true)}}
	return p
}

// A pod whose kubelet does not answer is not waited for without an end, and what is told names its node and what to type.
func TestOverdue(t *testing.T) {
	set := apitest.SetOf("1Gi")
	set.Spec.Template.Spec.Containers = apitest.ContainerOf("x:2", "", "")
	waits := map[string]func(*Target) error{
		"running": func(target *Target) error {
			return target.pods.Wait(t.Context(), []string{"demo-primary-0"}, pods.Running, func(string) {})
		},
		"replaced": func(target *Target) error {
			return handlerOf(t, target, plan.Replaced{Sets: []*appsv1.StatefulSet{set}}).Do(t.Context(), func(string) {})
		},
		"gone": func(target *Target) error {
			return handlerOf(t, target, plan.Remove{Kinds: []string{"Pod"}}).Do(t.Context(), func(string) {})
		},
	}
	for name, wait := range waits {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			a.Lingers = time.Hour
			a.Put(set.DeepCopy(), lostPod("demo-primary-0", time.Hour))
			err := wait(clusterFor(t, apitest.Served(t, a)))
			var told *engine.NextError
			if !errors.As(err, &told) || !strings.Contains(err.Error(), "pod demo-primary-0 on node node9 is still being deleted, 1h0m") ||
				!strings.Contains(told.Next.String(), "kubectl delete pod -n analytics demo-primary-0 --force") {
				t.Errorf("%v, %+v", err, told)
			}
		})
	}
}

// What ends by stopping a database that cannot come back as a whole does not begin with it. A stop alone wants no pod back.
func TestOverdueBeforeStop(t *testing.T) {
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	c.api.FailWith(nil)
	c.database.database = false // or else the fake says that an expansion is under way
	set := apitest.SetOf("1Gi")
	set.Spec.Template.Spec.Containers = apitest.ContainerOf("x:2", "", "")
	sets, kept := []*appsv1.StatefulSet{set}, topology.New(apitest.Cluster(t)).Instances
	target := clusterFor(t, apitest.Served(t, c.api))
	tests := map[string]struct {
		handler     engine.Handler
		early, late engine.State
	}{
		"upgrade or resize": {handlerOf(t, target, plan.Whole{Replacing: sets}), engine.Done, engine.Blocked},
		"restart":           {handlerOf(t, target, plan.Stopped{Mode: "fast", Keep: kept, Again: true}), engine.Pending, engine.Blocked},
		"their stop":        {handlerOf(t, target, plan.Stopped{Mode: "fast", Keep: kept, Replacing: sets, Again: true}), engine.Pending, engine.Blocked},
		"stop":              {handlerOf(t, target, plan.Stopped{Mode: "fast", Keep: kept}), engine.Pending, engine.Pending},
	}
	for name, test := range tests {
		for ago, want := range map[time.Duration]engine.State{time.Minute: test.early, 3 * time.Minute: test.late} {
			c.api.Put(lostPod("demo-primary-7", ago))
			finding, err := test.handler.Check(t.Context())
			if err != nil || finding.State != want || want == engine.Blocked && !strings.Contains(finding.Next.String(), "--force") {
				t.Errorf("%s, %s after the pod's time: %+v, error %v", name, ago, finding, err)
			}
		}
	}
}
