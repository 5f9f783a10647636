package pods

import (
	"context"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
)

// Trial is a pod as the controller would make it of a StatefulSet that the API server has answered, for dry runs only. Its name is no
// other pod's. It has an owner, since many clusters forbid pods without one.
func Trial(set *appsv1.StatefulSet) *corev1.Pod {
	template, first := set.Spec.Template.DeepCopy(), set.Name+"-0"
	pod := &corev1.Pod{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"}, ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Name, pod.Namespace = set.Name+"-trial", set.Namespace
	pod.Labels = map[string]string{appsv1.PodIndexLabel: "0"}
	maps.Copy(pod.Labels, plan.PodSelector(first))
	maps.Copy(pod.Labels, template.Labels)
	if set.UID != "" {
		pod.OwnerReferences = []metav1.OwnerReference{
			{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: new(true)}}
	}
	pod.Spec.Hostname, pod.Spec.Subdomain = first, set.Spec.ServiceName
	for _, claim := range set.Spec.VolumeClaimTemplates {
		pod.Spec.Volumes = slices.DeleteFunc(pod.Spec.Volumes, func(v corev1.Volume) bool { return v.Name == claim.Name })
		pod.Spec.Volumes = append(pod.Spec.Volumes, corev1.Volume{Name: claim.Name, VolumeSource: corev1.VolumeSource{
			PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim.Name + "-" + first}}})
	}
	return pod
}

// Try asks the API server by a dry run what it would make of a StatefulSet's pod. The pod meets everything that rules on pods: limit
// ranges, quotas, policies and webhooks. The dry run of the StatefulSet itself does not. It is nil if the server cannot tell yet.
func (r *Revisions) Try(ctx context.Context, set *appsv1.StatefulSet) (*corev1.Pod, error) {
	return r.pods.kube.TryPod(ctx, Trial(set))
}
