package fit

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Three nodes, of which one is full, one is cordoned and one is free; and the one primary's volume.
func TestVolumeOutOfReach(t *testing.T) {
	selector := func(terms ...corev1.NodeSelectorTerm) *corev1.NodeSelector {
		return &corev1.NodeSelector{NodeSelectorTerms: terms}
	}
	in := func(key string, values ...string) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: corev1.NodeSelectorOpIn, Values: values}}}
	}
	both := in(host, "free")
	both.MatchExpressions = append(both.MatchExpressions, in("zone", "b").MatchExpressions...)
	const gone = "the volume of pod demo-primary-0 is on a node that does not exist"
	tests := []struct {
		name   string
		volume *corev1.NodeSelector
		want   string
	}{
		{"none yet", nil, ""},
		{"on the free node", onHost("free"), ""},
		{"on the full one", onHost("full"), "pod demo-primary-0 wants 2 CPU, 4Gi where its volume is: full for none (1 CPU, 64Gi free)"},
		{"on the cordoned one", onHost("cordoned"), "pod demo-primary-0 wants 2 CPU, 4Gi where its volume is: cordoned for none (is cordoned)"},
		{"on a node that is gone", onHost("gone"), gone},
		{"on one of two", onHost("full", "free"), ""},
		{"in the zone of two", selector(in("zone", "a")), "pod demo-primary-0 wants 2 CPU, 4Gi where its volume is: full for none (1 CPU, 64Gi free); cordoned for none (is cordoned)"},
		{"in the zone of the free one", selector(in("zone", "b")), ""},
		{"in either of two terms", selector(in(host, "full"), in(host, "free")), ""},
		{"by two labels of one node", selector(both), ""},
		{"by labels that no node has both", selector(corev1.NodeSelectorTerm{MatchExpressions: append(in(host, "full").MatchExpressions, in("zone", "b").MatchExpressions...)}), gone},
		{"on any node but the full one", selector(corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: host, Operator: corev1.NodeSelectorOpNotIn, Values: []string{"full"}}}}), ""},
		{"in neither zone", selector(corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: "zone", Operator: corev1.NodeSelectorOpNotIn, Values: []string{"a", "b"}}}}), gone},
	}
	for _, test := range tests {
		q := Question{Sets: primary(nil), Bound: map[string]*corev1.NodeSelector{"demo-primary-0": test.volume}, Nodes: []corev1.Node{
			machine("full", "1", "64Gi", label("zone", "a")),
			machine("cordoned", "4", "64Gi", label("zone", "a"), func(n *corev1.Node) { n.Spec.Unschedulable = true }),
			machine("free", "4", "64Gi", label("zone", "b"))}}
		if got := said(t, q); got != test.want {
			t.Errorf("%s: %q, not %q", test.name, got, test.want)
		}
		// A pod that runs is not asked where its volume is.
		q.Running = []corev1.Pod{pod("demo-primary-0", "cordoned", "2", nil)}
		if got := said(t, q); got != "" {
			t.Errorf("%s, and the pod runs: %q", test.name, got)
		}
	}
}

// Pods with a volume are placed first: those without one have the choice.
func TestVolumesComeFirst(t *testing.T) {
	sets := []*appsv1.StatefulSet{stateful("primary", 1, nil), stateful("mirror", 1, nil), stateful("coordinator", 1, nil)}
	nodes := []corev1.Node{machine("node1", "2", "64Gi"), machine("node2", "2", "64Gi"), machine("node3", "2", "64Gi")}
	for _, last := range sets {
		for _, n := range nodes {
			if got := said(t, Question{Sets: sets, Nodes: nodes, Bound: map[string]*corev1.NodeSelector{last.Name + "-0": onHost(n.Name)}}); got != "" {
				t.Errorf("volume of %s on %s: %q", last.Name, n.Name, got)
			}
		}
	}
}

// No count proves these impossible, and no placement is found: fit does not say no.
func TestUnsure(t *testing.T) {
	two := []corev1.Node{machine("node1", "8", "64Gi"), machine("node2", "8", "64Gi")}
	tests := map[string]Question{
		"both volumes of a pair on one node": {Sets: cluster(1, host, true)[1:], Nodes: two,
			Bound: map[string]*corev1.NodeSelector{"demo-primary-0": onHost("node1"), "demo-mirror-0": onHost("node1")}},
		"a volume beside the running partner": {Sets: cluster(1, host, true)[1:], Nodes: two, Running: []corev1.Pod{pod("demo-primary-0", "node1", "2", nil)},
			Bound: map[string]*corev1.NodeSelector{"demo-mirror-0": onHost("node1")}},
		"two volumes where there is room for one": {Sets: []*appsv1.StatefulSet{stateful("primary", 2, nil)}, Nodes: []corev1.Node{machine("node1", "2", "64Gi"), machine("node2", "8", "64Gi")},
			Bound: map[string]*corev1.NodeSelector{"demo-primary-0": onHost("node1"), "demo-primary-1": onHost("node1")}},
	}
	for name, q := range tests {
		if got := said(t, q); got != "unsure" {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got, want := Ask(tests["both volumes of a pair on one node"]).Unsure, "the nodes have room in sum, but no way was found to place every pod: some may stay pending"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

// What a running pod's volume can reach is no reason, though its node has no room for a second such pod.
func TestVolumeOfARunningPodIsNoReason(t *testing.T) {
	q := Question{Sets: []*appsv1.StatefulSet{stateful("primary", 2, nil)}, Nodes: []corev1.Node{machine("node1", "2", "64Gi")},
		Running: []corev1.Pod{pod("demo-primary-0", "node1", "2", nil)}, Bound: map[string]*corev1.NodeSelector{"demo-primary-0": onHost("node1")}}
	if got, want := said(t, q), "demo-primary: 1 pod of 2 CPU, 4Gi is wanted and there is room for none: node1 for none (0 CPU, 64Gi free)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
