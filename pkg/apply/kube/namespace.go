package kube

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
)

// Namespace makes the namespace, if that is asked for and it is missing, under the restricted pod security standard, which
// gpk's pods satisfy. It is the only thing that gpk makes outside a namespace, and needs rights that no other command does.
// Unless it is wanted nothing is asked: the API server says by itself what is missing.
func (k *Client) Namespace(ctx context.Context, wanted bool) error {
	if !wanted {
		return nil
	}
	_, err := k.API.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   k.Ref.Namespace,
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted", plan.ManagedLabel: "gpk"},
	}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("namespace %s: %w", k.Ref.Namespace, err)
	}
	return nil
}
