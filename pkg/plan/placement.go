package plan

import (
	"encoding/json"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"

	"gpk/pkg/topology"
)

// podIndexLabel carries a StatefulSet pod's ordinal.
const podIndexLabel = "apps.kubernetes.io/pod-index"

// antiAffinity keeps the two copies of one content apart. Pod i of the mirrors holds the mirrors of pod i of the primaries,
// so a term on the other component with the pod's own index keeps just those two apart, and the nodes need no label for
// it. The coordinator and its standby are one StatefulSet and keep apart from each other.
func antiAffinity(cluster string, component topology.Component, pods topology.Pods) *corev1.Affinity {
	if pods.AntiAffinity == topology.AntiAffinityNone {
		return nil
	}
	other, samePair := component, []string(nil)
	switch component {
	case topology.PrimaryComponent:
		other, samePair = topology.MirrorComponent, []string{podIndexLabel}
	case topology.MirrorComponent:
		other, samePair = topology.PrimaryComponent, []string{podIndexLabel}
	}
	term := corev1.PodAffinityTerm{
		LabelSelector:  &metav1.LabelSelector{MatchLabels: componentLabels(cluster, other)},
		MatchLabelKeys: samePair,
		TopologyKey:    pods.TopologyKey,
	}
	rule := &corev1.PodAntiAffinity{}
	if pods.AntiAffinity == topology.AntiAffinityRequired {
		rule.RequiredDuringSchedulingIgnoredDuringExecution = []corev1.PodAffinityTerm{term}
	} else {
		rule.PreferredDuringSchedulingIgnoredDuringExecution = []corev1.WeightedPodAffinityTerm{{Weight: 100, PodAffinityTerm: term}}
	}
	return &corev1.Affinity{PodAntiAffinity: rule}
}

// spread shares the pods of a component evenly among the nodes, where that can be had.
func spread(labels map[string]string, pods topology.Pods) []corev1.TopologySpreadConstraint {
	return []corev1.TopologySpreadConstraint{{
		MaxSkew:           1,
		TopologyKey:       pods.TopologyKey,
		WhenUnsatisfiable: corev1.ScheduleAnyway,
		LabelSelector:     &metav1.LabelSelector{MatchLabels: labels},
	}}
}

// patched is the StatefulSet with cluster.yaml's patch on its pod template.
func patched(set *appsv1.StatefulSet, patch *corev1.PodTemplateSpec) (*appsv1.StatefulSet, error) {
	if patch == nil {
		return set, nil
	}
	original, err := json.Marshal(set.Spec.Template)
	if err != nil {
		return nil, err
	}
	change, err := patchJSON(patch)
	if err != nil {
		return nil, err
	}
	merged, err := strategicpatch.StrategicMergePatch(original, change, corev1.PodTemplateSpec{})
	if err != nil {
		return nil, err
	}
	set.Spec.Template = corev1.PodTemplateSpec{}
	if err := json.Unmarshal(merged, &set.Spec.Template); err != nil {
		return nil, err
	}
	restrict(set.Spec.Template.Spec.InitContainers)
	restrict(set.Spec.Template.Spec.Containers)
	return set, nil
}

// restrict gives a patch's own containers what the restricted pod security standard asks of every container, where they
// say too little of it. The rest of the standard is met by the pod.
func restrict(containers []corev1.Container) {
	for i := range containers {
		security := containers[i].SecurityContext
		if security == nil {
			security = &corev1.SecurityContext{}
			containers[i].SecurityContext = security
		}
		if security.AllowPrivilegeEscalation == nil {
			security.AllowPrivilegeEscalation = new(false)
		}
		if security.Capabilities == nil {
			security.Capabilities = &corev1.Capabilities{}
		}
		if !slices.Contains(security.Capabilities.Drop, "ALL") {
			security.Capabilities.Drop = append(security.Capabilities.Drop, "ALL")
		}
	}
}

// patchJSON is the patch without what it does not name: a typed PodSpec without containers is written as "containers":
// null, which a strategic merge would read as "no containers".
func patchJSON(patch *corev1.PodTemplateSpec) ([]byte, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(patch)
	if err != nil {
		return nil, err
	}
	return json.Marshal(withoutNulls(fields))
}

func withoutNulls(fields map[string]any) map[string]any {
	for name, value := range fields {
		switch v := value.(type) {
		case nil:
			delete(fields, name)
		case map[string]any:
			withoutNulls(v)
		case []any:
			for _, item := range v {
				if m, ok := item.(map[string]any); ok {
					withoutNulls(m)
				}
			}
		}
	}
	return fields
}
