// Package expand owns the steps that give a cluster more segments, and move the rows to them.
package expand

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
)

// Gpexpand runs it, and knows how far it is.
type Gpexpand struct {
	kube   *kube.Client
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
}

// New is for the cluster of these.
func New(k *kube.Client, r *remote.Pods, p *pods.Pods, d *database.Database) *Gpexpand {
	return &Gpexpand{kube: k, remote: r, pods: p, db: d}
}
