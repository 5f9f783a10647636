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
	*ClientAuthentication
	*Conversion
}

// New is the database of a cluster.
func New(k *kube.Client, r *remote.Pods, s *record.Store, p *pods.Pods) *Database {
	coordinators, sql, instances := &Coordinators{kube: k, remote: r, store: s, pods: p}, &SQL{r}, &Instances{r}
	return &Database{coordinators, &Probes{coordinators, sql}, sql, instances, &Utilities{r, p, coordinators, instances},
		&ClientAuthentication{r, sql, instances}, &Conversion{r, s, coordinators, instances}}
}

// SettlePatience bounds the waits for what happens by itself within moments: endpoints follow a selector, new mirrors catch up.
const SettlePatience = 2 * time.Minute

// UnfinishedCluster is the finding where create has not finished.
func UnfinishedCluster() engine.Finding {
	return engine.BlockedBy("the creation of the cluster is unfinished",
		plan.Gpk("create", "-f", "cluster.yaml"), " finishes it")
}
