// Package pods owns the pods of a cluster: listing and watching them, waiting for them, replacing them, and why one does not run.
package pods

import (
	"sync"

	"k8s.io/client-go/tools/cache"

	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/remote"
)

// Pods are those of one cluster.
type Pods struct {
	kube   *kube.Client
	remote *remote.Pods

	watching sync.Mutex
	informer cache.SharedIndexInformer
	changed  chan struct{}
}

// New watches nothing until something is waited for.
func New(k *kube.Client, r *remote.Pods) *Pods { return &Pods{kube: k, remote: r} }
