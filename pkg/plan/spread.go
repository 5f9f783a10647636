package plan

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/topology"
)

// Spread has the mirrors' pods wait, when they are first made, until their primaries have nodes. Then gpk tells each the node
// on which it would best run: the mirrors of one node's primaries should not share a node as well. Their template cannot tell
// them, since it is the same for all. A scheduling gate holds the pods back, and a preferred node affinity tells them
// the node. Both are in the pods and not in the template, so that pods that are made later depend on nobody.
type Spread struct {
	Topology topology.Topology
	// Primaries and Mirrors are the names of the StatefulSets.
	Primaries, Mirrors string
}

// mirrorSpread is nil where there is nothing to spread: too few pods, or nodes do not matter.
func (l layout) mirrorSpread() *Spread {
	pods := l.GroupPods(topology.MirrorComponent)
	if !l.topology.CanSpread() || pods.AntiAffinity == topology.AntiAffinityNone || pods.TopologyKey != corev1.LabelHostname {
		return nil
	}
	return &Spread{l.topology, l.GroupName(topology.PrimaryComponent), l.GroupName(topology.MirrorComponent)}
}

// gate begins the name of the scheduling gate. Behind it is a digest of the pod's template without the gate.
const gate = "gpk.io/spread-"

func isGate(g corev1.PodSchedulingGate) bool { return strings.HasPrefix(g.Name, gate) }

func gateOf(set *appsv1.StatefulSet) (corev1.PodSchedulingGate, error) {
	template, err := json.Marshal(set.Spec.Template)
	if err != nil {
		return corev1.PodSchedulingGate{}, fmt.Errorf("stateful set %s: %w", set.Name, err)
	}
	return corev1.PodSchedulingGate{Name: fmt.Sprintf("%s%.4x", gate, sha256.Sum256(template))}, nil
}

// IsGated says whether a pod with this spec is held back by gpk.
func IsGated(spec *corev1.PodSpec) bool { return slices.ContainsFunc(spec.SchedulingGates, isGate) }

// Gated is the StatefulSet with the gate in its template.
func Gated(set *appsv1.StatefulSet) (*appsv1.StatefulSet, error) {
	gate, err := gateOf(set)
	if err != nil {
		return nil, err
	}
	set = set.DeepCopy()
	set.Spec.Template.Spec.SchedulingGates = append(set.Spec.Template.Spec.SchedulingGates, gate)
	return set, nil
}

// Released is the merge patch that opens the gate of a pod and lets it prefer a node. Without a node the scheduler finds one,
// as for all other pods. The patch gives a pod that was made from the gated template of this very StatefulSet the revision of
// the template without the gate: both make the same pod, and nobody must take it for outdated.
func Released(pod *corev1.Pod, node string, set *appsv1.StatefulSet, revision string) ([]byte, error) {
	own, err := gateOf(set)
	if err != nil {
		return nil, err
	}
	// A merge patch replaces lists: what else holds the pod back, and what else it prefers, stays.
	others := slices.DeleteFunc(append([]corev1.PodSchedulingGate{}, pod.Spec.SchedulingGates...), isGate)
	spec := map[string]any{"schedulingGates": others}
	if node != "" {
		spec["affinity"] = map[string]any{"nodeAffinity": map[string]any{
			"preferredDuringSchedulingIgnoredDuringExecution": append(preferences(pod), preference(node))}}
	}
	patch := map[string]any{"spec": spec}
	if revision != "" && slices.Contains(pod.Spec.SchedulingGates, own) {
		patch["metadata"] = map[string]any{"labels": map[string]string{appsv1.StatefulSetRevisionLabel: revision}}
	}
	return json.Marshal(patch)
}

// preference is for the node itself by its name, which its host name label need not be.
func preference(node string) corev1.PreferredSchedulingTerm {
	return corev1.PreferredSchedulingTerm{Weight: 100, Preference: corev1.NodeSelectorTerm{MatchFields: []corev1.NodeSelectorRequirement{
		{Key: metav1.ObjectNameField, Operator: corev1.NodeSelectorOpIn, Values: []string{node}}}}}
}

func preferences(pod *corev1.Pod) []corev1.PreferredSchedulingTerm {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil {
		return nil
	}
	return slices.Clone(pod.Spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution)
}
