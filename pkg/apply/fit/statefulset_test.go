package fit

import (
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// primary is one pod of 2 CPU and 4Gi without rules, with a change to its spec.
func primary(change func(*corev1.PodSpec)) []*appsv1.StatefulSet {
	set := stateful("primary", 1, nil)
	if change != nil {
		change(&set.Spec.Template.Spec)
	}
	return []*appsv1.StatefulSet{set}
}

func failed(p corev1.Pod) corev1.Pod {
	p.Status.Phase = corev1.PodFailed
	return p
}

// said is the answer in one line: "" for a yes, "unsure", or the only reason.
func said(t *testing.T, q Question) string {
	t.Helper()
	answer := Ask(q)
	switch {
	case len(answer.No) > 1:
		t.Errorf("more than one reason: %q", answer.No)
	case len(answer.No) == 1:
		return answer.No[0]
	case answer.Unsure != "":
		return "unsure"
	}
	return ""
}

// One pod and one node that has room for it: what else keeps the pod off.
func TestNodeRejectsPod(t *testing.T) {
	tolerating := func(tolerations ...corev1.Toleration) func(*corev1.PodSpec) {
		return func(s *corev1.PodSpec) { s.Tolerations = tolerations }
	}
	required := func(terms ...corev1.NodeSelectorTerm) func(*corev1.PodSpec) {
		return func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
				RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{NodeSelectorTerms: terms}}}
		}
	}
	expression := func(key string, operator corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
	}
	field := func(name string) corev1.NodeSelectorTerm {
		return corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{{Key: "metadata.name", Operator: corev1.NodeSelectorOpIn, Values: []string{name}}}}
	}
	tainted := func(key, value string, effect corev1.TaintEffect) func(*corev1.Node) {
		return func(n *corev1.Node) {
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: key, Value: value, Effect: effect})
		}
	}
	const noSchedule, noExecute = corev1.TaintEffectNoSchedule, corev1.TaintEffectNoExecute
	cordoned := func(n *corev1.Node) { n.Spec.Unschedulable = true }
	plain := func(*corev1.Node) {}
	const mismatch = "node selector or affinity does not match"
	tests := []struct {
		name string
		pod  func(*corev1.PodSpec)
		node func(*corev1.Node)
		// rejection is "" where the node takes the pod.
		rejection string
	}{
		{"a taint", nil, tainted("gpu", "a100", noSchedule), "has the taint gpu=a100:NoSchedule, which is not tolerated"},
		{"a taint that evicts", nil, tainted("gpu", "", noExecute), "has the taint gpu:NoExecute, which is not tolerated"},
		{"a taint that only prefers", nil, tainted("gpu", "", corev1.TaintEffectPreferNoSchedule), ""},
		{"tolerated by key", tolerating(corev1.Toleration{Key: "gpu", Operator: "Exists"}), tainted("gpu", "a100", noSchedule), ""},
		{"tolerated by value", tolerating(corev1.Toleration{Key: "gpu", Value: "a100"}), tainted("gpu", "a100", noSchedule), ""},
		{"another value", tolerating(corev1.Toleration{Key: "gpu", Value: "h100"}), tainted("gpu", "a100", noSchedule), "has the taint gpu=a100:NoSchedule, which is not tolerated"},
		{"another effect", tolerating(corev1.Toleration{Key: "gpu", Operator: "Exists", Effect: noSchedule}), tainted("gpu", "", noExecute), "has the taint gpu:NoExecute, which is not tolerated"},
		{"everything is tolerated", tolerating(corev1.Toleration{Operator: "Exists"}), func(n *corev1.Node) {
			cordoned(n)
			tainted("gpu", "a100", noExecute)(n)
		}, ""},
		{"the second of two taints", tolerating(corev1.Toleration{Key: "gpu", Operator: "Exists"}), func(n *corev1.Node) {
			tainted("gpu", "", noSchedule)(n)
			tainted("ssd", "", noSchedule)(n)
		}, "has the taint ssd:NoSchedule, which is not tolerated"},
		{"cordoned", nil, cordoned, "is cordoned"},
		{"cordoned, by its taint alone", nil, tainted(corev1.TaintNodeUnschedulable, "", noSchedule), "is cordoned"},
		{"cordoned and tolerated", tolerating(corev1.Toleration{Key: corev1.TaintNodeUnschedulable, Operator: "Exists"}), cordoned, ""},
		{"not ready", nil, tainted(corev1.TaintNodeNotReady, "", noSchedule), "is not ready"},
		{"unreachable", nil, tainted(corev1.TaintNodeUnreachable, "", noSchedule), "is not ready"},
		// The API server makes every pod tolerate these for five minutes.
		{"not ready, NoExecute alone", nil, tainted(corev1.TaintNodeNotReady, "", noExecute), ""},
		{"unreachable, NoExecute alone", nil, tainted(corev1.TaintNodeUnreachable, "", noExecute), ""},
		{"disk pressure", nil, tainted(corev1.TaintNodeDiskPressure, "", noSchedule), "has the taint node.kubernetes.io/disk-pressure:NoSchedule, which is not tolerated"},
		{"node selector", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"disk": "fast"} }, label("disk", "slow"), mismatch},
		{"node selector that matches", func(s *corev1.PodSpec) { s.NodeSelector = map[string]string{"disk": "fast"} }, label("disk", "fast"), ""},
		{"affinity In", required(expression("disk", "In", "fast", "faster")), label("disk", "faster"), ""},
		{"affinity In, no such label", required(expression("disk", "In", "fast")), plain, mismatch},
		{"affinity NotIn", required(expression("disk", "NotIn", "slow")), label("disk", "slow"), mismatch},
		{"affinity Exists", required(expression("disk", "Exists")), plain, mismatch},
		{"affinity DoesNotExist", required(expression("disk", "DoesNotExist")), plain, ""},
		{"affinity Gt", required(expression("cores", "Gt", "8")), label("cores", "16"), ""},
		{"affinity Gt, too few", required(expression("cores", "Gt", "8")), label("cores", "8"), mismatch},
		{"affinity to the node by its name", required(field("node1")), plain, ""},
		{"affinity to another node by its name", required(field("node2")), plain, mismatch},
		{"one of two terms", required(expression("disk", "In", "fast"), field("node1")), plain, ""},
		{"preferred affinity", func(s *corev1.PodSpec) {
			s.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
				{Weight: 100, Preference: expression("disk", "In", "fast")}}}}
		}, plain, ""},
		{"the selector is said before the taint", required(field("node2")), tainted("gpu", "", noSchedule), mismatch},
	}
	for _, test := range tests {
		want := ""
		if test.rejection != "" {
			want = "demo-primary: 1 pod of 2 CPU, 4Gi is wanted and there is room for none: node1 for none (" + test.rejection + ")"
		}
		if got := said(t, Question{Sets: primary(test.pod), Nodes: []corev1.Node{machine("node1", "2", "4Gi", test.node)}}); got != want {
			t.Errorf("%s: %q, not %q", test.name, got, want)
		}
	}
}

// One node of 4 CPU that takes three pods: which pods have their place on it already.
func TestRunningPods(t *testing.T) {
	elsewhere := func(p corev1.Pod) corev1.Pod {
		p.Namespace = "web"
		return p
	}
	none := "demo-primary: 1 pod of 2 CPU, 4Gi is wanted and there is room for none: node1 for none (1 CPU, 64Gi free)"
	tests := map[string]struct {
		running corev1.Pod
		want    string
	}{
		"another's":                             {pod("web", "node1", "3", nil), none},
		"another's that has failed":             {failed(pod("web", "node1", "3", nil)), ""},
		"another's without a node":              {pod("web", "", "3", nil), ""},
		"another's on a node that is not there": {pod("web", "node2", "3", nil), ""},
		"another's with more than there is":     {pod("web", "node1", "5", nil), strings.Replace(none, "1 CPU", "0 CPU", 1)},
		"our own":                               {pod("demo-primary-0", "node1", "3", nil), ""},
		"our own that has failed":               {failed(pod("demo-primary-0", "node1", "3", nil)), ""},
		"our own on a node that is not there":   {pod("demo-primary-0", "node2", "3", nil), ""},
		"our own of an ordinal beyond replicas": {pod("demo-primary-1", "node1", "3", nil), none},
		"a like name":                           {pod("demo-primary-00", "node1", "3", nil), none},
		"the same name in another namespace":    {elsewhere(pod("demo-primary-0", "node1", "3", nil)), none},
	}
	for name, test := range tests {
		q := Question{Sets: primary(nil), Nodes: []corev1.Node{machine("node1", "4", "64Gi")}, Running: []corev1.Pod{test.running}}
		if got := said(t, q); got != test.want {
			t.Errorf("%s: %q, not %q", name, got, test.want)
		}
	}
	// A pod of ours that has failed needs room again, which it no longer holds.
	q := Question{Sets: primary(nil), Nodes: []corev1.Node{machine("node1", "1", "64Gi")}, Running: []corev1.Pod{failed(pod("demo-primary-0", "node1", "1", nil))}}
	if got := said(t, q); got != none {
		t.Errorf("a failed pod and no room: %q", got)
	}
}

func TestMaxPods(t *testing.T) {
	set := stateful("primary", 3, nil)
	few := machine("node1", "64", "64Gi", func(n *corev1.Node) { n.Status.Allocatable["pods"] = resource.MustParse("3") })
	q := Question{Sets: []*appsv1.StatefulSet{set}, Nodes: []corev1.Node{few}}
	if got := said(t, q); got != "" {
		t.Errorf("three pods where three may be: %q", got)
	}
	// A pod without requests counts as well.
	q.Running = []corev1.Pod{pod("web", "node1", "0", nil)}
	if got, want := said(t, q), "demo-primary: 3 pods of 2 CPU, 4Gi are wanted and there is room for 2: node1 for 2 (2 pods, 64 CPU, 64Gi free)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	// Where CPU runs out first, the number of pods is not worth a word.
	q.Nodes[0].Status.Allocatable["cpu"] = resource.MustParse("2")
	if got, want := said(t, q), "demo-primary: 3 pods of 2 CPU, 4Gi are wanted and there is room for 1: node1 for 1 (2 CPU, 64Gi free)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestReplicasAreOneUnlessGiven(t *testing.T) {
	sets := primary(nil)
	sets[0].Spec.Replicas = nil
	if got := said(t, Question{Sets: sets, Nodes: []corev1.Node{machine("node1", "2", "4Gi")}}); got != "" {
		t.Errorf("room for one: %q", got)
	}
	if got := said(t, Question{Sets: sets, Nodes: []corev1.Node{machine("node1", "1", "4Gi")}}); got == "" {
		t.Error("a yes to no room")
	}
}
