// Package failover owns the steps that change the acting coordinator, or the primary of a content.
package failover

import (
	"sync"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
)

// Former reaches the coordinator that a takeover leads away from, as far as that can be reached.
type Former struct {
	kube   *kube.Client
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	db     *database.Database
	// silent is when the coordinator of a takeover was found to be out of reach.
	silent sync.Map
}

// New knows nothing of any coordinator yet.
func New(k *kube.Client, r *remote.Pods, s *record.Store, p *pods.Pods, d *database.Database) *Former {
	return &Former{kube: k, remote: r, store: s, pods: p, db: d}
}
