// Package database owns the database as gpk finds it in the pods: the acting coordinator, the catalogue, SQL, client authentication,
// and Greenplum's utilities, which run as durable jobs.
package database

import (
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
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
	coordinators, sql, instances := &Coordinators{kube: k, remote: r, store: s}, &SQL{r}, &Instances{r}
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

// ImageFault says why a database with this release cannot run an image; empty if it can. where names a pod or node that has seen it.
func ImageFault(image segments.Image, version, reference, where string) string {
	switch {
	case len(image.Missing) > 0:
		fault := fmt.Sprintf("the image %s (seen in %s) lacks %s", reference, where, strings.Join(image.Missing, ", "))
		if len(image.Locales) > 0 {
			fault += "; spec.database.locale can be one of its locales, such as " + strings.Join(image.Locales, ", ")
		}
		return fault
	case image.Fault() != "":
		return fmt.Sprintf("the image %s (seen in %s) has %s %s: %s", reference, where, image.Product, image.Release, image.Fault())
	case !segments.SameRelease(image.Release, version):
		return fmt.Sprintf("the image %s (seen in %s) has the release %s, but spec.version is %s", reference, where, image.Release, version)
	}
	return ""
}

// FamilyNote is a line about a database that gpk was not tried with, or "".
func FamilyNote(image segments.Image, reference string) string {
	if !image.Stranger() {
		return ""
	}
	return fmt.Sprintf("the database of the image %s calls itself %s, which gpk was not tried with; gpk treats it as one of Greenplum's "+
		"family", reference, image.Product)
}

// SettingsFault lists the settings of the cluster that the image's server refuses.
func SettingsFault(image segments.Image, reference string) string {
	if len(image.Refused) == 0 {
		return ""
	}
	return fmt.Sprintf("the server of the image %s refuses these settings: %s", reference, strings.Join(image.Refused, "; "))
}
