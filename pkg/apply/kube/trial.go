package kube

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TryPod asks the API server by a dry run what it would make of a pod. It is nil, without an error, if the server cannot tell yet: before
// create, the pod's account is missing, and the namespace's own account stands in for it.
func (k *Client) TryPod(ctx context.Context, pod *corev1.Pod) (*corev1.Pod, error) {
	const noAccount, noStatus = "error looking up service account", "status unknown for quota"
	answer, err := tryPod(ctx, k, pod)
	if apierrors.IsForbidden(err) && strings.Contains(err.Error(), noAccount) {
		pod = pod.DeepCopy()
		// The server has filled in the field that the name had before, and takes it from there.
		pod.Spec.ServiceAccountName, pod.Spec.DeprecatedServiceAccount = "", ""
		if answer, err = tryPod(ctx, k, pod); err != nil && strings.Contains(strings.ToLower(err.Error()), "account") {
			return nil, nil
		}
	}
	if apierrors.IsForbidden(err) && strings.Contains(err.Error(), noStatus) {
		return nil, nil
	}
	return answer, err
}

func tryPod(ctx context.Context, k *Client, pod *corev1.Pod) (*corev1.Pod, error) {
	answer, err := k.API.CoreV1().Pods(k.Ref.Namespace).Create(ctx, pod, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ObjectName(pod), err)
	}
	return answer, nil
}
