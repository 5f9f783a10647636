package fit

import (
	"math"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/resource"
)

// board is the question in numbers: what each node has left, and what each set wants of it.
type board struct {
	resources []corev1.ResourceName
	nodes     []node
	sets      []*set
}

// amount is one number per resource of the board: thousandths of a CPU, bytes, or pieces.
type amount []int64

type node struct {
	name string
	// free is what can be allocated less what runs.
	free   amount
	labels map[string]string
}

// newBoard counts only resources that some set wants, the number of pods among them.
func newBoard(q Question) *board {
	b := &board{resources: wanted(q)}
	index := map[string]int{}
	for i := range q.Nodes {
		n := &q.Nodes[i]
		index[n.Name] = i
		b.nodes = append(b.nodes, node{n.Name, b.amountOf(n.Status.Allocatable), n.Labels})
	}
	for i := range q.Running {
		pod := &q.Running[i]
		if at, found := index[pod.Spec.NodeName]; found && !over(pod) {
			b.nodes[at].free.less(b.requests(&pod.Spec))
		}
	}
	for _, s := range q.Sets {
		b.sets = append(b.sets, b.newSet(s))
	}
	b.relate()
	placed := b.settle(q.Running, index)
	keep := strangers(q.Running, placed)
	for _, s := range b.sets {
		s.refuse(q.Nodes, keep, index)
	}
	b.bind(q)
	return b
}

func wanted(q Question) []corev1.ResourceName {
	found := []corev1.ResourceName{corev1.ResourcePods, corev1.ResourceCPU, corev1.ResourceMemory}
	for _, s := range q.Sets {
		var more []corev1.ResourceName
		for name := range Requests(&s.Spec.Template.Spec) {
			if !slices.Contains(found, name) {
				more = append(more, name)
			}
		}
		slices.Sort(more)
		found = append(found, more...)
	}
	return found
}

// over says whether a pod holds nothing any more.
func over(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed
}

// Requests is what the scheduler sets aside for a pod. A limit without a request is one: the API server sees to that
// when it makes the pod of a template.
func Requests(spec *corev1.PodSpec) corev1.ResourceList {
	spec = spec.DeepCopy()
	for _, containers := range [][]corev1.Container{spec.InitContainers, spec.Containers} {
		for i := range containers {
			r := &containers[i].Resources
			for name, limit := range r.Limits {
				if _, set := r.Requests[name]; !set {
					if r.Requests == nil {
						r.Requests = corev1.ResourceList{}
					}
					r.Requests[name] = limit
				}
			}
		}
	}
	return resource.PodRequests(&corev1.Pod{Spec: *spec}, resource.PodResourcesOptions{})
}

// requests of one pod. A running pod's own are complete, so that a copy of it is spared.
func (b *board) requests(spec *corev1.PodSpec) amount {
	a := b.amountOf(resource.PodRequests(&corev1.Pod{Spec: *spec}, resource.PodResourcesOptions{}))
	a[0] = 1
	return a
}

func (b *board) amountOf(list corev1.ResourceList) amount {
	a := make(amount, len(b.resources))
	for i, name := range b.resources {
		quantity, found := list[name]
		switch {
		case !found:
		case name == corev1.ResourceCPU:
			a[i] = quantity.MilliValue()
		default:
			a[i] = quantity.Value()
		}
	}
	return a
}

func (a amount) less(other amount) {
	for i := range a {
		a[i] -= other[i]
	}
}

// holds is how many times the other amount can be taken from this one.
func (a amount) holds(other amount) int64 {
	most := int64(math.MaxInt64)
	for i, each := range other {
		if each > 0 {
			most = min(most, max(a[i], 0)/each)
		}
	}
	return most
}
