//go:build faults

package faults

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/test/kube"
)

// name is the name of every cluster. Namespaces keep them apart.
const name = "demo"

// cluster is a namespace with a cluster of a coordinator, its standby, and segments with mirrors.
type cluster struct {
	// t is the test that has the cluster now.
	t          *testing.T
	ctx        context.Context
	namespace  string
	kubeconfig string
	// file is the cluster.yaml that the cluster is as.
	file, home string
	primaries  int
	// change counts what grows: a setting, the memory of the segments.
	change int
	// cases counts the cases that have run in it.
	cases int
	// small: the volume of the first primary can be filled.
	small bool
	runs  []result
}

// newCluster makes a namespace and the cluster in it, unless it is to be bare. remove is for when nobody needs it any more.
func newCluster(t *testing.T, bare, small bool) *cluster {
	t.Helper()
	home, err := os.MkdirTemp("", "gpk-faults-") //nolint:usetesting // the next case uses the cluster, too
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{t: t, ctx: context.Background(), home: home, primaries: 1, small: small}
	furnished, cancel := context.WithTimeout(c.ctx, time.Minute)
	defer cancel()
	namespace, err := shared.NewNamespace(furnished, "faults-")
	if err != nil {
		t.Fatal(err)
	}
	c.namespace = namespace.Name
	c.account()
	c.file = filepath.Join(c.home, "cluster.yaml")
	c.write()
	if small {
		c.smallVolume()
	}
	if bare {
		return c
	}
	if r := c.gpk("create", "-f", c.file); r.status != 0 {
		c.remove()
		t.Fatalf("gpk create: exit status %d:\n%s", r.status, r.stderr)
	}
	return c
}

// write writes cluster.yaml as the cluster is or, after a change of what grows, is to be.
func (c *cluster) write() {
	c.t.Helper()
	_, version, _ := strings.Cut(shared.image[strings.LastIndex(shared.image, "/")+1:], ":")
	c.must(nil, os.WriteFile(c.file, []byte(fmt.Sprintf(`apiVersion: gpk/v1alpha1
kind: GreenplumCluster
metadata: {name: %s, namespace: %s}
spec:
  version: %q
  image: %s
  coordinator:
    standby: true
    resources: {requests: {cpu: 20m, memory: 256Mi}}
    storage: {size: 1Gi}
  segments:
    count: %d
    mirrors: true
    resources: {requests: {cpu: 20m, memory: %dMi}}
    storage: {size: 1Gi}
  database: {name: analytics}
`, name, c.namespace, version, shared.image, c.primaries, 256+4*c.change)), 0o600))
}

// remove deletes the namespace. Its data is for nobody, so the pods get no time to stop.
func (c *cluster) remove() {
	_ = os.RemoveAll(c.home)
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	_ = c.inKube().Remove(ctx)
	if c.small {
		_ = shared.Client.CoreV1().PersistentVolumes().Delete(ctx, c.namespace, metav1.DeleteOptions{})
	}
}

// must ends the test on an error. It takes what a client returns as it is.
func (c *cluster) must(_ any, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// within reports whether look was satisfied within a time, and if not, what it said last.
func within(patience time.Duration, look func() error) (err error) {
	for until := time.Now().Add(patience); ; time.Sleep(500 * time.Millisecond) {
		if err = look(); err == nil || time.Now().After(until) {
			return err
		}
	}
}

// environment is what an administrator types in a pod before Greenplum's utilities work. It is not gpk's own.
const environment = `. "${GPHOME:-/usr/local/greenplum-db}/greenplum_path.sh"; export USER="$(id -un)" LOGNAME="$(id -un)"; `

// exec runs a shell script in a pod, not through gpk. $1, $2, … are the arguments.
func (c *cluster) exec(ctx context.Context, pod, script string, args ...string) (string, error) {
	return c.inKube().Exec(ctx, pod, script, args...)
}

// inKube is the namespace, for what the suites share.
func (c *cluster) inKube() *kube.Namespace {
	return &kube.Namespace{Kube: shared.Kube, Name: c.namespace}
}

// sql is the bare answer to SQL through `gpk psql`.
func (c *cluster) sql(database, sql string) (string, error) {
	r := c.gpk("psql", "-d", database, "--", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql)
	if r.status != 0 {
		return "", fmt.Errorf("%s: exit status %d: %s", sql, r.status, r.stderr)
	}
	return strings.TrimSpace(r.stdout), nil
}
