package record

import (
	"context"
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// Clusters are the sorted names of the clusters in a namespace: those that gpk keeps a record of, and those whose volumes delete has
// left. Without the right to list volume claims only the first are found: the others have nothing to ask.
func Clusters(ctx context.Context, k *kube.Client) ([]string, error) {
	managed := metav1.ListOptions{LabelSelector: plan.ManagedSelector}
	records, err := k.API.CoreV1().ConfigMaps(k.Ref.Namespace).List(ctx, managed)
	if err != nil {
		return nil, fmt.Errorf("the records of clusters: %w", err)
	}
	claims, err := k.API.CoreV1().PersistentVolumeClaims(k.Ref.Namespace).List(ctx, managed)
	if err := kube.UnlessForbidden("the volumes of clusters", err); err != nil {
		return nil, err
	}
	found := map[string]bool{}
	for _, item := range records.Items {
		if name := plan.ClusterOf(&item); item.Name == RecordName(name) {
			found[name] = true
		}
	}
	for _, item := range claims.Items {
		found[plan.ClusterOf(&item)] = true
	}
	return slices.Sorted(maps.Keys(found)), nil
}
