// Package database owns the database as gpk finds it in the pods: which coordinator acts, what the catalogue says, SQL, client
// authentication, and the utilities, which run as durable jobs.
package database

import (
	"sync"
	"sync/atomic"

	"golang.org/x/sync/singleflight"

	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
)

// Database is that of one cluster.
type Database struct {
	*Coordinators
	SQL
	Instances
	Utilities

	kube   *kube.Client
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
}

// Coordinators find out which of them acts.
type Coordinators struct {
	kube   *kube.Client
	remote *remote.Pods

	asking singleflight.Group
	// lost is when a coordinator's pod could not be reached, by its name.
	lost sync.Map
	// seen is the acting coordinator as it was last found.
	seen atomic.Pointer[sighting]
	// between is whether a plan is being carried out and no step is being done at the moment.
	between atomic.Bool
}

// SQL asks the acting coordinator.
type SQL struct{ remote *remote.Pods }

// Instances asks the pods for the instances on their volumes.
type Instances struct{ remote *remote.Pods }

// Utilities runs Greenplum's utilities as jobs.
type Utilities struct {
	remote *remote.Pods
	pods   *pods.Pods
}

// New is the database of a cluster.
func New(k *kube.Client, r *remote.Pods, s *record.Store, p *pods.Pods) *Database {
	return &Database{Coordinators: &Coordinators{kube: k, remote: r}, SQL: SQL{r}, Instances: Instances{r}, Utilities: Utilities{r, p},
		kube: k, remote: r, store: s, pods: p}
}
