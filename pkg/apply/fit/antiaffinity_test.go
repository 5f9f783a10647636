package fit

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// One node with room for all, and one more that is full: everything fits but for what the pods must keep away from.
func TestWhichRulesKeepPodsApart(t *testing.T) {
	changed := func(term *corev1.PodAffinityTerm, change func(*corev1.PodAffinityTerm)) *corev1.PodAffinityTerm {
		change(term)
		return term
	}
	spec := func(sets []*appsv1.StatefulSet, change func(*corev1.PodSpec)) []*appsv1.StatefulSet {
		for _, set := range sets {
			change(&set.Spec.Template.Spec)
		}
		return sets
	}
	sets := func(of ...*appsv1.StatefulSet) []*appsv1.StatefulSet { return of }
	const nodes = ": node1 for 32 (64 CPU, 256Gi free); node2 for none (0 CPU, 64Gi free)"
	const pairs = "each pod of demo-primary must keep away from its partner in demo-mirror (not the same kubernetes.io/hostname), and of 4 pods of 2 CPU, 4Gi only 2 can" + nodes
	tests := []struct {
		name string
		sets []*appsv1.StatefulSet
		want string
	}{
		{"coordinator and standby", cluster(1, host, true)[:1],
			"the pods of demo-coordinator must keep away from each other (not the same kubernetes.io/hostname), and of 2 pods of 2 CPU, 4Gi only 1 can" + nodes},
		{"pairs by pod index", cluster(2, host, true)[1:], pairs},
		{"a rule of one side holds for both", sets(stateful("primary", 2, nil), stateful("mirror", 2, from("primary", host, true))), pairs},
		{"roles", cluster(2, host, false)[1:],
			"the pods of demo-primary must keep away from those of demo-mirror (not the same kubernetes.io/hostname), and of 4 pods of 2 CPU, 4Gi only 2 can" + nodes},
		{"of a rule by index and one for all, the one for all holds", sets(stateful("primary", 2, from("mirror", host, true)), stateful("mirror", 2, from("primary", host, false))),
			"the pods of demo-primary must keep away from those of demo-mirror (not the same kubernetes.io/hostname), and of 4 pods of 2 CPU, 4Gi only 2 can" + nodes},
		{"and so it does the other way round", sets(stateful("primary", 2, from("mirror", host, false)), stateful("mirror", 2, from("primary", host, true))),
			"the pods of demo-primary must keep away from those of demo-mirror (not the same kubernetes.io/hostname), and of 4 pods of 2 CPU, 4Gi only 2 can" + nodes},
		{"no rule", sets(stateful("primary", 2, nil), stateful("mirror", 2, nil)), ""},
		{"preferred", spec(cluster(2, host, true), func(s *corev1.PodSpec) {
			rule := s.Affinity.PodAntiAffinity
			rule.PreferredDuringSchedulingIgnoredDuringExecution = []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: rule.RequiredDuringSchedulingIgnoredDuringExecution[0]}}
			rule.RequiredDuringSchedulingIgnoredDuringExecution = nil
		}), ""},
		{"only node affinity", spec(cluster(2, host, true), func(s *corev1.PodSpec) { s.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{}} }), ""},
		{"no partner by an index that the other lacks", sets(stateful("primary", 2, from("primary", host, true))), ""},
		{"labels of nobody", sets(stateful("primary", 2, from("etl", host, false))), ""},
		{"a selector without labels selects nobody", sets(stateful("primary", 2, changed(from("primary", host, false), func(t *corev1.PodAffinityTerm) { t.LabelSelector = nil }))), ""},
		// These hold elsewhere as well, or instead, and are left to the scheduler.
		{"other namespaces", sets(stateful("primary", 2, changed(from("primary", host, false), func(t *corev1.PodAffinityTerm) { t.Namespaces = []string{"web"} }))), ""},
		{"namespaces by labels", sets(stateful("primary", 2, changed(from("primary", host, false), func(t *corev1.PodAffinityTerm) { t.NamespaceSelector = &metav1.LabelSelector{} }))), ""},
		{"two topology keys", sets(stateful("primary", 2, from("mirror", host, true)), stateful("mirror", 2, from("primary", "zone", true))), ""},
		{"two topology keys, for roles", sets(stateful("primary", 2, from("mirror", host, false)), stateful("mirror", 2, from("primary", "zone", false))), ""},
		{"a second term with another key", spec(sets(stateful("primary", 2, from("etl", host, false))), func(s *corev1.PodSpec) {
			rule := s.Affinity.PodAntiAffinity
			rule.RequiredDuringSchedulingIgnoredDuringExecution = append(rule.RequiredDuringSchedulingIgnoredDuringExecution, *from("primary", "zone", false))
		}), ""},
		{"a key that no node has", cluster(2, "rack", true), ""},
		// Spread over the nodes, even required, is left to the scheduler.
		{"hard topology spread", spec(sets(stateful("primary", 4, nil)), func(s *corev1.PodSpec) {
			s.TopologySpreadConstraints = []corev1.TopologySpreadConstraint{{MaxSkew: 1, TopologyKey: host, WhenUnsatisfiable: corev1.DoNotSchedule,
				LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"component": "primary"}}}}
		}), ""},
	}
	for _, test := range tests {
		q := Question{Sets: test.sets, Nodes: []corev1.Node{machine("node1", "64", "256Gi"), machine("node2", "0", "64Gi")}}
		if got := said(t, q); got != test.want {
			t.Errorf("%s: %q, not %q", test.name, got, test.want)
		}
	}
}

// The pods of others, with labels that the rule of our pods selects, on the one node.
func TestOtherPodsKeepPodsOff(t *testing.T) {
	labels := map[string]string{"cluster": "demo", "component": "mirror"}
	elsewhere := pod("stranger", "node1", "1", labels)
	elsewhere.Namespace = "web"
	zone := machine("node1", "64", "64Gi", label("zone", "a"))
	unlabelled := machine("node1", "64", "64Gi")
	tests := []struct {
		name    string
		key     string
		pairs   bool
		node    corev1.Node
		running corev1.Pod
		refused bool
	}{
		{"its labels", host, false, zone, pod("stranger", "node1", "1", labels), true},
		{"one label of two", host, false, zone, pod("stranger", "node1", "1", map[string]string{"component": "mirror"}), false},
		{"in another namespace", host, false, zone, elsewhere, false},
		{"it has failed", host, false, zone, failed(pod("stranger", "node1", "1", labels)), false},
		{"on another node", host, false, zone, pod("stranger", "node2", "1", labels), false},
		{"on another node of the zone", "zone", false, zone, pod("stranger", "node2", "1", labels), true},
		{"on another node, and ours is in no zone", "zone", false, unlabelled, pod("stranger", "node2", "1", labels), false},
		{"on the same node, which is in no zone", "zone", false, unlabelled, pod("stranger", "node1", "1", labels), false},
		// Of another's pod it is not known which index it has: only a certain no is one.
		{"a rule by pod index", host, true, zone, pod("stranger", "node1", "1", labels), false},
	}
	for _, test := range tests {
		full := machine("node2", "2", "64Gi", label("zone", "a"), func(n *corev1.Node) { n.Spec.Unschedulable = true })
		q := Question{Sets: []*appsv1.StatefulSet{stateful("primary", 1, from("mirror", test.key, test.pairs))}, Nodes: []corev1.Node{test.node, full}, Running: []corev1.Pod{test.running}}
		want := ""
		if test.refused {
			want = "demo-primary: 1 pod of 2 CPU, 4Gi is wanted and there is room for none: node1 for none (must not be next to pod stranger); node2 for none (is cordoned)"
		}
		if got := said(t, q); got != want {
			t.Errorf("%s: %q, not %q", test.name, got, want)
		}
	}
}

// Of two zones, one has two nodes. Pods that run decide where the others may go.
func TestPartnersOfRunningPods(t *testing.T) {
	a1, a2 := machine("a1", "4", "64Gi", label("zone", "a")), machine("a2", "4", "64Gi", label("zone", "a"))
	b1 := machine("b1", "4", "64Gi", label("zone", "b"))
	tests := []struct {
		name    string
		pairs   bool
		nodes   []corev1.Node
		running map[string]string
		yes     bool
	}{
		{"the partner's zone has the room", true, []corev1.Node{a1, a2}, map[string]string{"demo-primary-0": "a1", "demo-primary-1": "a1"}, false},
		{"another zone has it", true, []corev1.Node{a1, b1}, map[string]string{"demo-primary-0": "a1", "demo-primary-1": "a1"}, true},
		{"crossed, by index", true, []corev1.Node{a1, b1}, map[string]string{"demo-primary-0": "a1", "demo-primary-1": "b1"}, true},
		{"crossed, by role", false, []corev1.Node{a1, b1}, map[string]string{"demo-primary-0": "a1", "demo-primary-1": "b1"}, false},
		{"one mirror is missing", true, []corev1.Node{a1, b1}, map[string]string{"demo-primary-0": "a1", "demo-primary-1": "b1", "demo-mirror-0": "b1"}, true},
		{"a pair that runs together stays", true, []corev1.Node{a1, b1}, map[string]string{"demo-primary-0": "a1", "demo-mirror-0": "a1"}, false},
		{"a pair that runs together leaves room", true, []corev1.Node{a1, a2, b1}, map[string]string{"demo-primary-0": "a1", "demo-mirror-0": "a1"}, true},
	}
	for _, test := range tests {
		q := Question{Sets: cluster(2, "zone", test.pairs)[1:], Nodes: test.nodes}
		for _, set := range q.Sets {
			for ordinal := range 2 {
				if p := podOf(set, ordinal, ""); test.running[p.Name] != "" {
					q.Running = append(q.Running, podOf(set, ordinal, test.running[p.Name]))
				}
			}
		}
		if got := said(t, q); (got == "") != test.yes {
			t.Errorf("%s: %q", test.name, got)
		}
		if exists := placementExists(q); exists != test.yes {
			t.Errorf("%s: trying every placement says %v", test.name, exists)
		}
	}
}
