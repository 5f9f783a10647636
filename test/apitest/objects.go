package apitest

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
)

// SizedClaim is a claim of a size whose volume has another.
func SizedClaim(name, requested, has string) *corev1.PersistentVolumeClaim {
	claim := &corev1.PersistentVolumeClaim{ObjectMeta: Meta(name, "demo")}
	claim.Spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(requested)}
	claim.Status.Capacity = corev1.ResourceList{corev1.ResourceStorage: resource.MustParse(has)}
	return claim
}

// SetOf is a stateful set with claims of a size.
func SetOf(size string) *appsv1.StatefulSet {
	set := &appsv1.StatefulSet{TypeMeta: metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"}, ObjectMeta: Meta("demo-primary", "demo")}
	set.Namespace = Ref.Namespace
	set.Spec.VolumeClaimTemplates = []corev1.PersistentVolumeClaim{*SizedClaim("data", size, "0")}
	return set
}

// Pod is one with a database container in a state, and a sidecar.
func Pod(name string, state corev1.ContainerState, isReady bool) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: Ref.Namespace, Labels: plan.Labels(Ref.Name)},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{
			{Name: "sidecar", Ready: true, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
			{Name: plan.Container, Image: "registry.example/greenplum:7.1.0", Ready: isReady, State: state}}}}
}

// Waits is the state of a waiting container.
func Waits(reason, message string) corev1.ContainerState {
	return corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}
}

// Runs is the state of a running container.
func Runs() corev1.ContainerState {
	return corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
}

// Meta has a cluster's labels.
func Meta(name, cluster string) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: name, Labels: plan.Labels(cluster)}
}

// AmountsOf is a list with memory, nil for "".
func AmountsOf(memory string) corev1.ResourceList {
	if memory == "" {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}
}

// ContainerOf is a database container.
func ContainerOf(image, request, limit string) []corev1.Container {
	return []corev1.Container{{Name: plan.Container, Image: image,
		Resources: corev1.ResourceRequirements{Requests: AmountsOf(request), Limits: AmountsOf(limit)}}}
}
