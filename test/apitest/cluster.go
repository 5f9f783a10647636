package apitest

import (
	"testing"

	"gpk/pkg/topology"
)

// Cluster is a cluster for the fakes.
func Cluster(t *testing.T) *topology.Cluster {
	t.Helper()
	c := &topology.Cluster{Metadata: topology.Metadata{Name: Ref.Name, Namespace: Ref.Namespace}}
	c.Spec.Version, c.Spec.Image = "7.1.0", "registry.example/greenplum"
	c.Spec.Segments.Count = 1
	c.Spec.Database.Name = "analytics"
	c.Spec.Database.Extensions = []string{"pgcrypto"}
	c.Spec.Database.PasswordSecret = "passwords"
	c.Spec.Database.Config = map[string]topology.Setting{"search_path": "analytics, public"}
	c.Default()
	return c
}
