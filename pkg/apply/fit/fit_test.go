package fit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The shapes of these tests: pods of 2 CPU and 4Gi, apart in the ways that package plan knows.

func stateful(component string, replicas int32, term *corev1.PodAffinityTerm) *appsv1.StatefulSet {
	labels := map[string]string{"cluster": "demo", "component": component}
	set := &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "demo-" + component, Namespace: "analytics"}}
	set.Spec.Replicas = &replicas
	set.Spec.Template.Labels = labels
	set.Spec.Template.Spec.Containers = []corev1.Container{{Name: "greenplum", Resources: corev1.ResourceRequirements{
		Requests: corev1.ResourceList{"cpu": resource.MustParse("2")},
		Limits:   corev1.ResourceList{"memory": resource.MustParse("4Gi")},
	}}}
	if term != nil {
		set.Spec.Template.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
			RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{*term}}}
	}
	return set
}

func from(component, key string, pairs bool) *corev1.PodAffinityTerm {
	term := &corev1.PodAffinityTerm{TopologyKey: key, LabelSelector: &metav1.LabelSelector{
		MatchLabels: map[string]string{"cluster": "demo", "component": component}}}
	if pairs {
		term.MatchLabelKeys = []string{"apps.kubernetes.io/pod-index"}
	}
	return term
}

const host = corev1.LabelHostname

// cluster is coordinator and standby, n primaries and n mirrors.
func cluster(n int32, key string, pairs bool) []*appsv1.StatefulSet {
	return []*appsv1.StatefulSet{
		stateful("coordinator", 2, from("coordinator", key, false)),
		stateful("primary", n, from("mirror", key, pairs)),
		stateful("mirror", n, from("primary", key, pairs)),
	}
}

func machine(name, cpu, memory string, change ...func(*corev1.Node)) corev1.Node {
	n := corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{host: name}}}
	n.Status.Allocatable = corev1.ResourceList{"cpu": resource.MustParse(cpu), "memory": resource.MustParse(memory), "pods": resource.MustParse("110")}
	for _, c := range change {
		c(&n)
	}
	return n
}

func pod(name, at, cpu string, labels map[string]string) corev1.Pod {
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "analytics", Labels: labels}}
	p.Spec.NodeName = at
	p.Spec.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse(cpu)}}}}
	return p
}

func taint(key string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Spec.Taints = []corev1.Taint{{Key: key, Effect: corev1.TaintEffectNoSchedule}} }
}

func label(key, value string) func(*corev1.Node) {
	return func(n *corev1.Node) { n.Labels[key] = value }
}

func onHost(names ...string) *corev1.NodeSelector {
	return &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: host, Operator: corev1.NodeSelectorOpIn, Values: names}}}}}
}

func TestAsk(t *testing.T) {
	two := []corev1.Node{machine("node1", "10", "64Gi"), machine("node2", "10", "64Gi")}
	tests := []struct {
		name string
		q    Question
		// no are parts of the reasons. Without them it fits.
		no     []string
		unsure bool
	}{
		{name: "exactly full", q: Question{Sets: cluster(4, host, true), Nodes: two}},
		{name: "one pod too many", q: Question{Sets: cluster(5, host, true), Nodes: two},
			no: []string{"demo-coordinator, demo-primary and demo-mirror: 12 pods of 2 CPU, 4Gi are wanted and there is room for 10: node1 for 5 (10 CPU, 64Gi free); node2 for 5"}},
		{name: "what runs counts, what is over does not", q: Question{Sets: cluster(4, host, true), Nodes: two,
			Running: []corev1.Pod{pod("web", "node1", "100m", nil), func() corev1.Pod {
				p := pod("done", "node2", "9", nil)
				p.Status.Phase = corev1.PodSucceeded
				return p
			}()}},
			no: []string{"room for 9", "node2 for 5 (10 CPU, 64Gi free); node1 for 4 (9.9 CPU, 64Gi free)"}},
		{name: "memory from a limit", q: Question{Sets: cluster(1, host, true), Nodes: []corev1.Node{machine("node1", "64", "7Gi"), machine("node2", "64", "7Gi")}},
			no: []string{"4 pods of 2 CPU, 4Gi", "room for 2"}},
		{name: "four nodes are named, those with most room first", q: Question{Sets: []*appsv1.StatefulSet{stateful("primary", 9, nil)}, Nodes: []corev1.Node{
			machine("node1", "0", "64Gi"), machine("node2", "1", "64Gi"), machine("node3", "4", "64Gi"), machine("node4", "2", "64Gi"), machine("node5", "6", "64Gi")}},
			no: []string{"demo-primary: 9 pods of 2 CPU, 4Gi are wanted and there is room for 6: node5 for 3 (6 CPU, 64Gi free); node3 for 2 (4 CPU, 64Gi free); " +
				"node4 for 1 (2 CPU, 64Gi free); node1 for none (0 CPU, 64Gi free); and 1 more node"}},
		{name: "one node and pairs", q: Question{Sets: cluster(2, host, true), Nodes: []corev1.Node{machine("node1", "64", "64Gi"), machine("node2", "64", "64Gi", taint("gpu"))}},
			no: []string{"the pods of demo-coordinator must keep away from each other (not the same kubernetes.io/hostname), and of 2 pods of 2 CPU, 4Gi only 1 can",
				"node2 for none (has the taint gpu:NoSchedule, which is not tolerated)"}},
		{name: "a big node and a small one", q: Question{Sets: cluster(4, host, true)[1:], Nodes: []corev1.Node{machine("node1", "64", "64Gi"), machine("node2", "6", "64Gi")}},
			no: []string{"each pod of demo-primary must keep away from its partner in demo-mirror", "of 8 pods of 2 CPU, 4Gi only 7 can", "node1 for 16 (64 CPU, 64Gi free); node2 for 3"}},
		{name: "the same without a rule", q: Question{Sets: []*appsv1.StatefulSet{stateful("primary", 4, nil), stateful("mirror", 4, nil)},
			Nodes: []corev1.Node{machine("node1", "64", "64Gi"), machine("node2", "6", "64Gi")}}},
		{name: "uneven nodes that pairs just fill", q: Question{Sets: cluster(6, host, true)[1:], Nodes: []corev1.Node{machine("node1", "12", "64Gi"),
			machine("node2", "8", "64Gi"), machine("node3", "2", "64Gi"), machine("node4", "2", "64Gi")}}},
		{name: "roles apart need nodes of their own", q: Question{Sets: cluster(2, host, false)[1:], Nodes: two}},
		{name: "roles apart, three nodes of one pod and one of three", q: Question{Sets: cluster(3, host, false)[1:],
			Nodes: []corev1.Node{machine("node1", "6", "64Gi"), machine("node2", "2", "64Gi"), machine("node3", "2", "64Gi"), machine("node4", "2", "64Gi")}}},
		{name: "roles apart where a partition may not exist", q: Question{Sets: cluster(3, host, false)[1:],
			Nodes: []corev1.Node{machine("node1", "4", "64Gi"), machine("node2", "4", "64Gi"), machine("node3", "4", "64Gi")}}, unsure: true},
		{name: "zones", q: Question{Sets: cluster(4, "zone", true)[1:], Nodes: []corev1.Node{machine("a1", "4", "64Gi", label("zone", "a")),
			machine("a2", "4", "64Gi", label("zone", "a")), machine("b1", "8", "64Gi", label("zone", "b"))}}},
		{name: "one zone", q: Question{Sets: cluster(4, "zone", true)[1:], Nodes: []corev1.Node{machine("a1", "64", "64Gi", label("zone", "a")),
			machine("a2", "64", "64Gi", label("zone", "a"))}}, no: []string{"(not the same zone), and of 8 pods of 2 CPU, 4Gi only 4 can"}},
		{name: "nodes without the key do not count as one", q: Question{Sets: cluster(4, "zone", true)[1:], Nodes: two}},
		{name: "cordoned and not ready", q: Question{Sets: cluster(1, host, true), Nodes: []corev1.Node{
			machine("node1", "64", "64Gi", func(n *corev1.Node) { n.Spec.Unschedulable = true }), machine("node2", "64", "64Gi", taint(corev1.TaintNodeNotReady))}},
			no: []string{"room for none: node1 for none (is cordoned); node2 for none (is not ready)"}},
		{name: "no node at all", q: Question{Sets: cluster(1, host, true)}, no: []string{"there is no node"}},
		{name: "a resource that no node has", q: Question{Sets: func() []*appsv1.StatefulSet {
			s := stateful("primary", 1, nil)
			s.Spec.Template.Spec.Containers[0].Resources.Limits["example.com/nic"] = resource.MustParse("1")
			return []*appsv1.StatefulSet{s}
		}(), Nodes: two}, no: []string{"1 pod of 2 CPU, 4Gi, 1 example.com/nic", "room for none"}},
		{name: "some pods are there", q: Question{Sets: cluster(4, host, true)[1:], Nodes: []corev1.Node{machine("node1", "8", "64Gi"), machine("node2", "8", "64Gi")},
			Running: []corev1.Pod{pod("demo-primary-0", "node1", "2", nil), pod("demo-mirror-0", "node2", "2", nil), pod("demo-mirror-3", "node1", "2", nil)}}},
		{name: "the partner of a pod that runs goes first", q: Question{Sets: cluster(2, host, true)[1:],
			Nodes:   []corev1.Node{machine("node1", "2", "64Gi"), machine("node2", "2", "64Gi"), machine("node3", "4", "64Gi")},
			Running: []corev1.Pod{pod("demo-primary-1", "node3", "2", nil)}}},
		{name: "pods that run count with their rule", q: Question{Sets: cluster(2, host, true)[:1], Nodes: []corev1.Node{machine("node1", "8", "64Gi")},
			Running: []corev1.Pod{pod("demo-coordinator-0", "node1", "2", nil)}},
			no: []string{"the pods of demo-coordinator must keep away from each other (not the same kubernetes.io/hostname), and of 2 pods of 2 CPU, 4Gi only 1 can: node1 for 4 (6 CPU, 64Gi free)"}},
		{name: "another cluster's pod of a like name is not ours", q: Question{Sets: []*appsv1.StatefulSet{stateful("primary", 1, nil)}, Nodes: []corev1.Node{machine("node1", "3", "64Gi")},
			Running: []corev1.Pod{pod("demo-primary-x-0", "node1", "2", nil)}}, no: []string{"room for none: node1 for none (1 CPU, 64Gi free)"}},
		{name: "another's pod with our labels keeps ours off", q: Question{Sets: cluster(1, host, false)[:1], Nodes: two,
			Running: []corev1.Pod{pod("stranger", "node1", "1", map[string]string{"cluster": "demo", "component": "coordinator"})}},
			no: []string{"of 2 pods of 2 CPU, 4Gi only 1 can", "node1 for none (must not be next to pod stranger)"}},
		{name: "volumes where there is room", q: Question{Sets: cluster(2, host, true)[1:], Nodes: two, Bound: map[string]*corev1.NodeSelector{
			"demo-primary-0": onHost("node2"), "demo-mirror-1": onHost("node1", "node2")}}},
		{name: "unlike sets that only together are too much", q: Question{Sets: func() []*appsv1.StatefulSet {
			big := stateful("coordinator", 1, nil)
			big.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"] = resource.MustParse("3")
			return []*appsv1.StatefulSet{big, stateful("primary", 2, nil), stateful("mirror", 1, nil)}
		}(), Nodes: []corev1.Node{machine("node1", "8", "64Gi"), machine("node2", "64", "64Gi", taint("gpu"))}, Running: []corev1.Pod{pod("demo-mirror-0", "node1", "2", nil)}},
			no: []string{"demo-coordinator and demo-primary want 7 CPU in all, and the nodes that may run them have 6 CPU"}},
		{name: "a node that holds too much takes nothing from the sum", q: Question{Sets: func() []*appsv1.StatefulSet {
			big := stateful("coordinator", 1, nil)
			big.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"] = resource.MustParse("3")
			return []*appsv1.StatefulSet{big, stateful("primary", 2, nil)}
		}(), Nodes: []corev1.Node{machine("node1", "6", "64Gi"), machine("node2", "1", "64Gi")}, Running: []corev1.Pod{pod("web", "node2", "9", nil)}},
			no: []string{"demo-coordinator and demo-primary want 7 CPU in all, and the nodes that may run them have 6 CPU"}},
		{name: "the order of the sets matters to the heuristic only", q: Question{Sets: func() []*appsv1.StatefulSet {
			small := stateful("coordinator", 1, nil)
			small.Spec.Template.Spec.Containers[0].Resources.Requests["cpu"] = resource.MustParse("1")
			return []*appsv1.StatefulSet{small, stateful("primary", 1, nil)}
		}(), Nodes: []corev1.Node{machine("node1", "2", "64Gi"), machine("node2", "1", "64Gi")}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			answer := Ask(test.q)
			if (len(answer.No) > 0) != (len(test.no) > 0) || (answer.Unsure != "") != test.unsure {
				t.Fatalf("no %q, unsure %q", answer.No, answer.Unsure)
			}
			for _, part := range test.no {
				if !strings.Contains(strings.Join(answer.No, "\n"), part) {
					t.Errorf("%q lacks %q", answer.No, part)
				}
			}
		})
	}
}

// Where there is too little room, the rules that keep pods apart are no further reason.
func TestTooManyPodsIsTheOnlyReason(t *testing.T) {
	q := Question{Sets: cluster(1, host, true)[:1], Nodes: []corev1.Node{machine("node1", "2", "64Gi")}}
	if got, want := said(t, q), "demo-coordinator: 2 pods of 2 CPU, 4Gi are wanted and there is room for 1: node1 for 1 (2 CPU, 64Gi free)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

// Ten thousand pods on five thousand nodes, in every way that pods keep apart: a quarter of a second each. The bound is
// generous, for busy machines.
func TestAskIsQuick(t *testing.T) {
	var nodes []corev1.Node
	var running []corev1.Pod
	bound := map[string]*corev1.NodeSelector{}
	for i := range 5000 {
		name := fmt.Sprintf("node%d", i)
		nodes = append(nodes, machine(name, "5", "64Gi", label("zone", fmt.Sprint(i%3))))
		running = append(running, pod("web"+name, name, "500m", nil))
		bound[fmt.Sprintf("demo-primary-%d", i)] = onHost(name)
	}
	questions := map[string]Question{
		"pairs":            {Sets: cluster(4990, host, true)},
		"pairs that fail":  {Sets: cluster(5100, host, true)},
		"roles":            {Sets: cluster(4990, host, false)},
		"zones":            {Sets: cluster(4990, "zone", true)},
		"volumes in place": {Sets: cluster(4990, host, true), Bound: bound},
	}
	for name, q := range questions {
		q.Nodes, q.Running = nodes, running
		began := time.Now()
		answer := Ask(q)
		t.Logf("%s: %v", name, time.Since(began))
		if fits := len(answer.No) == 0 && answer.Unsure == ""; fits == strings.HasSuffix(name, "fail") {
			t.Errorf("%s: %+v", name, answer)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("%s: took %v", name, took)
		}
	}
}

// Reasons must be certain even where the search for a placement has failed. These have one.
func TestNoReasonWhereAPlacementExists(t *testing.T) {
	unequal := cluster(3, host, true)[1:]
	*unequal[1].Spec.Replicas = 1
	own := stateful("primary", 3, from("primary", host, true))
	tests := map[string]Question{
		"fewer mirrors than primaries": {Sets: unequal, Nodes: []corev1.Node{machine("node1", "6", "64Gi"), machine("node2", "2", "64Gi")}},
		"a pair that runs on one node": {Sets: cluster(2, host, true)[1:], Nodes: []corev1.Node{machine("node1", "6", "64Gi"), machine("node2", "2", "64Gi")},
			Running: []corev1.Pod{pod("demo-primary-0", "node1", "2", nil), pod("demo-mirror-0", "node1", "2", nil)}},
		"coordinators that run on one node": {Sets: cluster(1, host, true), Nodes: []corev1.Node{machine("node1", "6", "64Gi"), machine("node2", "2", "64Gi")},
			Running: []corev1.Pod{pod("demo-coordinator-0", "node1", "2", nil), pod("demo-coordinator-1", "node1", "2", nil)}},
		"a pod has itself as its pair": {Sets: []*appsv1.StatefulSet{own}, Nodes: []corev1.Node{machine("node1", "6", "64Gi")}},
	}
	for name, q := range tests {
		if reasons := newSnapshot(q).reasons(); len(reasons) > 0 {
			t.Errorf("%s: %q", name, reasons)
		}
		if answer := Ask(q); len(answer.No) > 0 || answer.Unsure != "" {
			t.Errorf("%s: %+v", name, answer)
		}
	}
}
