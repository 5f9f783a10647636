package kube

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Limits are what the limit ranges of the namespace have for containers or for pods, nil if the user may not list them.
func Limits(ctx context.Context, k *Client, types ...corev1.LimitType) ([]corev1.LimitRangeItem, error) {
	list, err := k.API.CoreV1().LimitRanges(k.Ref.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, UnlessForbidden("limit ranges", err)
	}
	found := []corev1.LimitRangeItem{}
	for i := range list.Items {
		for _, item := range list.Items[i].Spec.Limits {
			for _, wanted := range types {
				if item.Type == wanted {
					found = append(found, item)
				}
			}
		}
	}
	return found, nil
}
