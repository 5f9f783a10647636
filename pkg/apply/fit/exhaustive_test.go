package fit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A no must be certain: no placement exists. A yes must be true: one exists. Small random questions are compared with trying
// every placement.
func TestAskAgainstEveryPlacement(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 1)) //nolint:gosec // the same questions every time
	answers := map[string]int{}
	const questions = 6000
	for range questions {
		q := randomQuestion(random)
		answer := Ask(q)
		exists := placementExists(q)
		switch {
		case exists && len(newSnapshot(q).reasons()) > 0:
			t.Fatalf("would say no, if it found no placement: %q\nto %s", newSnapshot(q).reasons(), describe(q))
		case len(answer.No) == 0 && answer.Unsure == "" && !exists:
			t.Fatalf("said yes to %s", describe(q))
		case answer.Unsure != "":
			answers["unsure"]++
		default:
			answers[fmt.Sprint("exists ", exists)]++
		}
	}
	t.Log(answers)
	// The heuristic is worth something only if it seldom fails to tell, and the comparison only if both answers are frequent.
	if answers["unsure"] > questions/20 || min(answers["exists true"], answers["exists false"]) < questions/5 {
		t.Errorf("of %d questions: %v", questions, answers)
	}
}

func randomQuestion(random *rand.Rand) Question {
	oneIn := func(n int) bool { return random.IntN(n) == 0 }
	q := Question{Sets: cluster(int32(1+random.IntN(3)), []string{host, "zone"}[random.IntN(2)], !oneIn(3)), Bound: map[string]*corev1.NodeSelector{}}
	q.Sets = q.Sets[random.IntN(2):]
	count := 1 + random.IntN(4)
	for i := range count {
		n := machine(fmt.Sprintf("node%d", i), fmt.Sprint(2*random.IntN(5)), "64Gi")
		if !oneIn(8) {
			n.Labels["zone"] = fmt.Sprint("zone", random.IntN(3))
		}
		if oneIn(12) {
			n.Spec.Unschedulable = true
		}
		if oneIn(8) {
			n.Spec.Taints = []corev1.Taint{{Key: "gpu", Effect: corev1.TaintEffectNoSchedule}}
		}
		if oneIn(8) {
			n.Status.Allocatable[corev1.ResourcePods] = resource.MustParse(fmt.Sprint(random.IntN(3)))
		}
		q.Nodes = append(q.Nodes, n)
	}
	for _, s := range q.Sets {
		spec := &s.Spec.Template.Spec
		if oneIn(8) {
			*s.Spec.Replicas = int32(1 + random.IntN(3))
		}
		if oneIn(8) {
			spec.Containers[0].Resources.Requests["cpu"] = resource.MustParse(fmt.Sprint(1 + random.IntN(3)))
		}
		if oneIn(4) {
			spec.Tolerations = []corev1.Toleration{{Key: "gpu", Operator: corev1.TolerationOpExists}}
		}
		if oneIn(16) {
			spec.NodeSelector = map[string]string{"zone": "zone0"}
		}
		for ordinal := range *s.Spec.Replicas {
			name, at := fmt.Sprintf("%s-%d", s.Name, ordinal), fmt.Sprintf("node%d", random.IntN(count))
			switch random.IntN(8) {
			case 0:
				q.Bound[name] = onHost(at)
			case 1:
				q.Running = append(q.Running, podOf(s, int(ordinal), at))
			}
		}
	}
	if oneIn(8) {
		q.Running = append(q.Running, pod("other", fmt.Sprintf("node%d", random.IntN(count)), "1", q.Sets[random.IntN(len(q.Sets))].Spec.Template.Labels))
	}
	for i := range q.Running {
		if oneIn(16) {
			q.Running[i].Status.Phase = corev1.PodFailed
		}
	}
	return q
}

// podOf is a pod as the StatefulSet controller makes it and the API server completes it: matchLabelKeys of an anti-affinity
// term become part of its label selector.
func podOf(s *appsv1.StatefulSet, ordinal int, node string) corev1.Pod {
	template := s.Spec.Template.DeepCopy()
	p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%d", s.Name, ordinal), Namespace: s.Namespace, Labels: template.Labels}, Spec: template.Spec}
	p.Labels["apps.kubernetes.io/pod-index"] = fmt.Sprint(ordinal)
	p.Spec.NodeName = node
	for _, term := range requiredTerms(&p) {
		for _, key := range term.MatchLabelKeys {
			term.LabelSelector.MatchLabels[key] = p.Labels[key]
		}
	}
	return p
}

func requiredTerms(p *corev1.Pod) []corev1.PodAffinityTerm {
	if p.Spec.Affinity == nil {
		return nil
	}
	return p.Spec.Affinity.PodAntiAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

// placementExists tries every node for every pod. It has the scheduler's rules in words of its own and shares no code with
// what it checks.
func placementExists(q Question) bool {
	var placed, missing []corev1.Pod
	for _, p := range q.Running {
		if p.Status.Phase != corev1.PodFailed {
			placed = append(placed, p)
		}
	}
	for _, s := range q.Sets {
		for ordinal := range int(*s.Spec.Replicas) {
			p := podOf(s, ordinal, "")
			if !slices.ContainsFunc(placed, func(other corev1.Pod) bool { return other.Name == p.Name }) {
				missing = append(missing, p)
			}
		}
	}
	return everyPlacement(q, placed, missing)
}

func everyPlacement(q Question, placed, missing []corev1.Pod) bool {
	if len(missing) == 0 {
		return true
	}
	for i := range q.Nodes {
		p := missing[0]
		if !mayRun(&p, &q.Nodes[i], q.Bound[p.Name]) || !hasRoom(&p, &q.Nodes[i], placed) || !keepsApart(&p, &q.Nodes[i], q.Nodes, placed) {
			continue
		}
		p.Spec.NodeName = q.Nodes[i].Name
		if everyPlacement(q, append(slices.Clone(placed), p), missing[1:]) {
			return true
		}
	}
	return false
}

func mayRun(p *corev1.Pod, n *corev1.Node, volume *corev1.NodeSelector) bool {
	for key, value := range p.Spec.NodeSelector {
		if n.Labels[key] != value {
			return false
		}
	}
	if volume != nil && volume.NodeSelectorTerms[0].MatchExpressions[0].Values[0] != n.Labels[host] {
		return false
	}
	return !n.Spec.Unschedulable && (len(n.Spec.Taints) == 0 || len(p.Spec.Tolerations) > 0)
}

func hasRoom(p *corev1.Pod, n *corev1.Node, placed []corev1.Pod) bool {
	cpu, pods := p.Spec.Containers[0].Resources.Requests.Cpu().Value(), int64(1)
	for i := range placed {
		if placed[i].Spec.NodeName == n.Name {
			cpu += placed[i].Spec.Containers[0].Resources.Requests.Cpu().Value()
			pods++
		}
	}
	return cpu <= n.Status.Allocatable.Cpu().Value() && pods <= n.Status.Allocatable.Pods().Value()
}

func keepsApart(p *corev1.Pod, n *corev1.Node, nodes []corev1.Node, placed []corev1.Pod) bool {
	for i := range placed {
		other := &placed[i]
		at := nodes[slices.IndexFunc(nodes, func(n corev1.Node) bool { return n.Name == other.Spec.NodeName })]
		if forbids(p, other, n, &at) || forbids(other, p, n, &at) {
			return false
		}
	}
	return true
}

// forbids says whether the first pod's required anti-affinity keeps the second off the same topology domain.
func forbids(p, other *corev1.Pod, a, b *corev1.Node) bool {
	return slices.ContainsFunc(requiredTerms(p), func(term corev1.PodAffinityTerm) bool {
		for key, value := range term.LabelSelector.MatchLabels {
			if other.Labels[key] != value {
				return false
			}
		}
		domain, found := a.Labels[term.TopologyKey]
		return found && domain == b.Labels[term.TopologyKey]
	})
}

func describe(q Question) string {
	var text strings.Builder
	for _, n := range q.Nodes {
		fmt.Fprintf(&text, "%s: %s CPU, %s pods, labels %v, taints %v, unschedulable %v\n", n.Name, n.Status.Allocatable.Cpu(),
			n.Status.Allocatable.Pods(), n.Labels, n.Spec.Taints, n.Spec.Unschedulable)
	}
	for _, s := range q.Sets {
		p := podOf(s, 0, "")
		fmt.Fprintf(&text, "%s: %d of %s CPU, selector %v, tolerations %v, %+v\n", s.Name, *s.Spec.Replicas, p.Spec.Containers[0].Resources.Requests.Cpu(),
			p.Spec.NodeSelector, p.Spec.Tolerations, requiredTerms(&p))
	}
	for _, p := range q.Running {
		fmt.Fprintf(&text, "%s on %s, %s\n", p.Name, p.Spec.NodeName, p.Status.Phase)
	}
	return fmt.Sprint(text.String(), q.Bound)
}
