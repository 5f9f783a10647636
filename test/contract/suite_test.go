//go:build e2e

package contract

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"gpk/test/byhand"
	"gpk/test/kube"
)

// patience is how long the suite may take, its cleaning up aside.
const patience = 10 * time.Minute

// segments is the number of primaries, and of mirrors.
const segments = 2

func roles() []byhand.Role {
	return []byhand.Role{{Name: "coordinator", Pods: 2}, {Name: "primary", Pods: segments}, {Name: "mirror", Pods: segments}}
}

// cluster is a namespace with pods in which the utilities make a database, and a test that owns it.
type cluster struct {
	*testing.T
	ctx context.Context
	*kube.Namespace
}

// newCluster makes the pods. They go when the test ends.
func newCluster(t *testing.T) *cluster {
	t.Helper()
	kubeconfig, image := os.Getenv("GPK_TEST_KUBECONFIG"), os.Getenv("GPK_TEST_IMAGE")
	if kubeconfig == "" || image == "" {
		t.Fatal("name a Kubernetes and a database image for these tests: GPK_TEST_KUBECONFIG=FILE GPK_TEST_IMAGE=NAME:TAG")
	}
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, fmt.Errorf("the suite is not done after %s", patience))
	t.Cleanup(cancel)
	connection, err := kube.Connect(ctx, kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	namespace, err := connection.NewNamespace(ctx, "contract-")
	if namespace != nil {
		t.Cleanup(func() {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
			defer cancel()
			if err := namespace.Remove(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	if err == nil {
		err = byhand.Create(ctx, namespace, image, roles())
	}
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{t, ctx, namespace}
}

// with is the cluster as a step of the test has it.
func (c *cluster) with(t *testing.T) *cluster { return &cluster{t, c.ctx, c.Namespace} }
