// Package database owns the database as gpk finds it in the pods: the acting coordinator, the catalogue, SQL, client authentication,
// and Greenplum's utilities, which run as durable jobs.
package database

import (
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Database is that of one cluster, made of parts that each do one thing.
type Database struct {
	*Coordinators
	*Probes
	*SQL
	*Instances
	*Utilities
	*Starts
	*Standby
	*ClientAuthentication
}

// New is the database of a cluster.
func New(k *kube.Client, r *remote.Pods, s *record.Store, p *pods.Pods) *Database {
	coordinators, sql, instances := &Coordinators{kube: k, remote: r, store: s}, &SQL{r}, &Instances{r}
	utilities, standby := &Utilities{r, p}, &Standby{r, s}
	return &Database{coordinators, &Probes{coordinators, sql}, sql, instances, utilities,
		&Starts{r, p, s, coordinators, instances, utilities, standby}, standby, &ClientAuthentication{r, sql}}
}

// SettlePatience bounds the waits for what happens by itself within moments: endpoints that follow a selector, mirrors that catch up
// once they are made.
const SettlePatience = 2 * time.Minute

// UnfinishedCluster is the finding where create has not finished.
func UnfinishedCluster() engine.Finding {
	return engine.BlockedBy("the creation of the cluster is unfinished",
		plan.Gpk("create", "-f", "cluster.yaml"), " finishes it")
}
