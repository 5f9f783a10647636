package kube

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// FewNodes says whether there are certainly less than three nodes. Who may not list nodes does not know.
func (k *Client) FewNodes(ctx context.Context) (bool, error) {
	list, err := k.API.CoreV1().Nodes().List(ctx, metav1.ListOptions{Limit: 3})
	if err != nil {
		return false, UnlessForbidden("nodes", err)
	}
	return len(list.Items) < 3, nil
}
