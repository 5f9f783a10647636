// Package record owns what gpk keeps in the cluster: the lock, the record with its journal, and the decisions that pods read.
package record

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// Store keeps the record and the decisions of a cluster in ConfigMaps, and its lock in a Lease.
type Store struct{ kube *kube.Client }

// New is the store of a cluster.
func New(k *kube.Client) *Store { return &Store{kube: k} }

// RefuseForeign is an error where the record or the decisions are not gpk's. The lock and other objects are checked where gpk takes them.
func (s *Store) RefuseForeign(ctx context.Context) error {
	if _, err := s.Record(ctx); err != nil && !IsUnreadable(err) {
		return err
	}
	_, err := s.State(ctx)
	return err
}

func (s *Store) configMap(name string, data map[string]string) *corev1.ConfigMap {
	return &corev1.ConfigMap{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: s.kube.Ref.Namespace, Labels: plan.Labels(s.kube.Ref.Name)},
		Data:       data,
	}
}

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
