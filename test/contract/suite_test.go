//go:build e2e

package contract

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"gpk/test/byhand"
	"gpk/test/kube"
)

// patience is how long the suite may take, its cleaning up aside.
const patience = 15 * time.Minute

// segments is the number of primaries, and of mirrors.
const segments = 2

// pods are pods for two coordinators and so many primaries and mirrors.
func pods(segments int) []byhand.Role {
	return []byhand.Role{{Name: "coordinator", Pods: 2}, {Name: "primary", Pods: segments}, {Name: "mirror", Pods: segments}}
}

// cluster is a namespace with pods in which the utilities make a database, and a test that owns it.
type cluster struct {
	*testing.T
	ctx context.Context
	*kube.Namespace
	roles  []byhand.Role
	acting string // the pod in which the utilities are called
	series string // 7 for a release of Greenplum 7
}

// newCluster makes the pods. They go when the test ends.
func newCluster(t *testing.T, roles []byhand.Role) *cluster {
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
		err = byhand.Create(ctx, namespace, image, roles)
	}
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t, ctx, namespace, roles, coordinator, ""}
	said := c.succeed(coordinator, "postgres --gp-version")
	match := regexp.MustCompile(`\) (\d+)\.`).FindStringSubmatch(said)
	if match == nil {
		t.Fatalf("the image does not tell its release, but %q", said)
	}
	c.series = match[1]
	return c
}

// with is the cluster as a step of the test has it.
func (c *cluster) with(t *testing.T) *cluster {
	return &cluster{t, c.ctx, c.Namespace, c.roles, c.acting, c.series}
}

// at is the cluster whose acting coordinator is in another pod.
func (c *cluster) at(pod string) *cluster {
	return &cluster{c.T, c.ctx, c.Namespace, c.roles, pod, c.series}
}

// step is a part of a cluster's life. Steps build on each other.
type step struct {
	name string
	do   func(*cluster)
}

// live takes the cluster through steps, until one fails. Who records goes on.
func (c *cluster) live(steps []step) {
	c.Helper()
	if *update && strings.Contains(c.succeed(coordinator, "postgres --gp-version"), "stand-in") {
		c.Fatal("only a real Greenplum can say what is right")
	}
	for _, s := range steps {
		if !c.T.Run(s.name, func(t *testing.T) { s.do(c.with(t)) }) && !*update {
			return
		}
	}
}
