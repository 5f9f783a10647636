// Package record owns what gpk keeps in the cluster: the lock, the record with its journal, and the decisions that pods read.
package record

import "gpk/pkg/apply/kube"

// Store keeps it in ConfigMaps and a Lease.
type Store struct{ kube *kube.Client }

// New keeps what is to be known of a cluster.
func New(k *kube.Client) *Store { return &Store{kube: k} }

// Notes are those of one operation, which go on from what is kept.
func (s *Store) Notes(kept Record, operation string) *Notes {
	return &Notes{store: s, Record: kept, kept: kept, operation: operation}
}
