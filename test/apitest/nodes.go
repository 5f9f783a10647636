package apitest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Nodes is a fake of the StatefulSet controller and of the scheduler, over the API in memory. It makes pods from their set's template. Pods
// without a gate get the node that they prefer, or else that of Homes. Tests cannot stop real ones at each request.
type Nodes struct {
	API *API
	// Homes are the nodes of pods without a preference.
	Homes map[string]string
	// Gated is how many pods were made that waited.
	Gated int
}

// NewNodes is an API with nodes, and the nodes of the primaries in their order.
func NewNodes(primaries ...string) *Nodes {
	n := &Nodes{API: New(), Homes: map[string]string{}}
	for ordinal, node := range primaries {
		n.Homes[fmt.Sprintf("demo-primary-%d", ordinal)] = node
		// Left to itself, this scheduler crowds.
		n.Homes[fmt.Sprintf("demo-mirror-%d", ordinal)] = map[string]string{"a": "b", "b": "a", "c": "a", "": "a"}[node]
	}
	n.API.Stored = n.stored
	return n
}

func (n *Nodes) stored(object plan.Object) []plan.Object {
	switch o := object.(type) {
	case *appsv1.StatefulSet:
		o.Status.UpdateRevision = revisionOf(o)
		var pods []plan.Object
		for _, name := range podsIn(o) {
			pod := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, Spec: *o.Spec.Template.Spec.DeepCopy(),
				ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: o.Namespace, Labels: maps.Clone(o.Spec.Template.Labels)}}
			for _, claim := range o.Spec.VolumeClaimTemplates {
				pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim.Name, VolumeSource: corev1.VolumeSource{
					PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name + "-" + name}}})
			}
			pod.Labels[appsv1.StatefulSetRevisionLabel] = o.Status.UpdateRevision
			if plan.IsGated(&pod.Spec) {
				n.Gated++
			}
			n.schedule(pod)
			pods = append(pods, pod)
		}
		return pods
	case *corev1.Pod:
		if o.Spec.NodeName == "" && n.schedule(o) {
			n.API.Tell(Key("pods", o.Name), "MODIFIED", o)
		}
	}
	return nil
}

func (n *Nodes) schedule(pod *corev1.Pod) bool {
	if len(pod.Spec.SchedulingGates) > 0 {
		return false
	}
	pod.Spec.NodeName = n.Homes[pod.Name]
	if wish := wishOf(pod); wish != "" {
		pod.Spec.NodeName = wish
	}
	return pod.Spec.NodeName != ""
}

// podsIn are the names of a StatefulSet's pods.
func podsIn(set *appsv1.StatefulSet) []string {
	var names []string
	for ordinal := range *set.Spec.Replicas {
		names = append(names, fmt.Sprintf("%s-%d", set.Name, ordinal))
	}
	return names
}

func revisionOf(set *appsv1.StatefulSet) string {
	text, err := json.Marshal(set.Spec.Template)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%s-%.4x", set.Name, sha256.Sum256(text))
}

// wishOf is the node that a pod prefers by its name.
func wishOf(pod *corev1.Pod) string {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return ""
	}
	for _, term := range pod.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		for _, field := range term.Preference.MatchFields {
			return field.Values[0]
		}
	}
	return ""
}

// Sets is the step of a plan that makes the StatefulSets, alone.
func Sets(t *testing.T, c *topology.Cluster) plan.Plan {
	t.Helper()
	p, err := plan.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	p.Steps = slices.DeleteFunc(p.Steps, func(s plan.Step) bool { return s.ID != "pods" })
	return p
}

// Wide is a cluster with this many segments.
func Wide(t *testing.T, count int32) *topology.Cluster {
	c := Cluster(t)
	c.Spec.Segments.Count = count
	return c
}

// Mirrors are where the mirrors run, and what is wrong with them.
func (n *Nodes) Mirrors(t *testing.T) (nodes []string) {
	t.Helper()
	n.API.Mutex.Lock()
	defer n.API.Mutex.Unlock()
	set := n.API.Objects["statefulsets/demo-mirror"].(*appsv1.StatefulSet)
	if gates := set.Spec.Template.Spec.SchedulingGates; len(gates) > 0 {
		t.Errorf("later pods would be gated: %v", gates)
	}
	for _, name := range podsIn(set) {
		pod := n.API.Objects[Key("pods", name)].(*corev1.Pod)
		if revision := pod.Labels[appsv1.StatefulSetRevisionLabel]; revision != set.Status.UpdateRevision {
			t.Errorf("pod %s is of revision %s and would be taken for outdated, which %s is not", name, revision, set.Status.UpdateRevision)
		}
		if pod.Spec.Affinity.PodAntiAffinity == nil {
			t.Errorf("pod %s may run next to its primary", name)
		}
		nodes = append(nodes, pod.Spec.NodeName)
	}
	return nodes
}
