package apply

import (
	"testing"

	"k8s.io/client-go/rest"

	"gpk/pkg/apply/engine"
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

// unheard are observers that take no notice.
func unheard() Observers {
	return Observers{Observe: func(engine.Event) {}, Waiting: func(string) {}}
}
