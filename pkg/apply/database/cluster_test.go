package database

import (
	"testing"

	"k8s.io/client-go/rest"

	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/test/apitest"
	"gpk/test/remotetest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }

// cluster is what tests here have of one.
type cluster struct {
	kube   *kube.Client
	remote *remote.Pods
	store  *record.Store
	pods   *pods.Pods
	db     *Database
}

func clusterFor(t *testing.T, config *rest.Config) *cluster {
	t.Helper()
	client, err := kube.New(config, apitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{}
	c.kube = client
	c.remote = remote.New(client.API, client.Config, apitest.Ref.Namespace, client.Selector())
	c.store = record.New(client)
	c.pods = pods.New(client, c.remote)
	c.db = New(client, c.remote, c.store, c.pods)
	return c
}
