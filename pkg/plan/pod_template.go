package plan

import (
	"cmp"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

// patched is the StatefulSet with cluster.yaml's patch on its pod template.
func patched(set *appsv1.StatefulSet, patch *corev1.PodTemplateSpec) (*appsv1.StatefulSet, error) {
	if patch == nil {
		return set, nil
	}
	if security := patch.Spec.SecurityContext; security != nil && security.SeccompProfile != nil {
		unprofiled(set.Spec.Template.Spec.InitContainers)
		unprofiled(set.Spec.Template.Spec.Containers)
	}
	original, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&set.Spec.Template)
	if err != nil {
		return nil, err
	}
	change, err := runtime.DefaultUnstructuredConverter.ToUnstructured(patch)
	if err != nil {
		return nil, err
	}
	merged, err := strategicpatch.StrategicMergeMapPatch(original, withoutNulls(change), corev1.PodTemplateSpec{})
	if err != nil {
		return nil, err
	}
	set.Spec.Template = corev1.PodTemplateSpec{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(merged, &set.Spec.Template); err != nil {
		return nil, err
	}
	restrict(set.Spec.Template.Spec.InitContainers, set.Spec.Template.Spec.SecurityContext)
	restrict(set.Spec.Template.Spec.Containers, set.Spec.Template.Spec.SecurityContext)
	return set, nil
}

// unprofiled leaves out the containers' own seccomp profiles, which would win over the one that a patch gives the pod.
func unprofiled(containers []corev1.Container) {
	for i := range containers {
		containers[i].SecurityContext.SeccompProfile = nil
	}
}

// restrict gives a patch's own containers what they lack of the restricted pod security standard, also what they would have from the pod:
// some policies look at containers only.
func restrict(containers []corev1.Container, pod *corev1.PodSecurityContext) {
	for i := range containers {
		security := cmp.Or(containers[i].SecurityContext, &corev1.SecurityContext{})
		security.RunAsNonRoot = cmp.Or(security.RunAsNonRoot, pod.RunAsNonRoot)
		security.SeccompProfile = cmp.Or(security.SeccompProfile, pod.SeccompProfile)
		security.AllowPrivilegeEscalation = cmp.Or(security.AllowPrivilegeEscalation, new(false))
		security.Capabilities = cmp.Or(security.Capabilities, &corev1.Capabilities{})
		if !slices.Contains(security.Capabilities.Drop, "ALL") {
			security.Capabilities.Drop = append(security.Capabilities.Drop, "ALL")
		}
		containers[i].SecurityContext = security
	}
}

// withoutNulls is a patch without the fields that it does not name. A typed PodSpec without containers is written as
// "containers": null, and a strategic merge would read that as "no containers".
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
