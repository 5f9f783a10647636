// Package roomtest has the rooms below the steps over an API server of a test, as pkg/apply makes them.
package roomtest

import (
	"testing"

	"k8s.io/client-go/rest"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/test/apitest"
)

// Cluster is what handlers of steps are made from, for the cluster apitest.Ref.
type Cluster struct {
	Kube   *kube.Client
	Remote *remote.Pods
	Store  *record.Store
	Pods   *pods.Pods
	DB     *database.Database
}

// New makes the rooms of the cluster on this API server. It asks the server for nothing.
func New(t *testing.T, config *rest.Config) *Cluster {
	t.Helper()
	client, err := kube.New(config, apitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	c := &Cluster{Kube: client, Store: record.New(client)}
	c.Remote = remote.New(client.API, client.Config, apitest.Ref.Namespace, client.Selector())
	c.Pods = pods.New(client, c.Remote)
	c.DB = database.New(client, c.Remote, c.Store, c.Pods)
	return c
}
