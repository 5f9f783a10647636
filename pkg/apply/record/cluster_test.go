package record

import (
	"testing"

	"k8s.io/client-go/rest"

	"gpk/pkg/apply/kube"
	"gpk/test/apitest"
	"gpk/test/remotetest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }

// cluster is what tests here have of one.
type cluster struct {
	kube  *kube.Client
	store *Store
}

func clusterFor(t *testing.T, config *rest.Config) *cluster {
	t.Helper()
	client, err := kube.New(config, apitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{}
	c.kube = client
	c.store = New(client)
	return c
}
