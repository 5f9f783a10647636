package apply

import (
	"testing"

	"k8s.io/client-go/rest"

	"gpk/test/apitest"
)

func clusterFor(t *testing.T, config *rest.Config) *Target {
	t.Helper()
	target, err := NewTarget(config, apitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func clusterAt(t *testing.T, url string) *Target { return clusterFor(t, &rest.Config{Host: url}) }
