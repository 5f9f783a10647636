//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
)

// name is the name of every test's cluster. Namespaces keep them apart.
const name = "demo"

// shape is what the tests vary of a cluster.
type shape struct {
	primaries        int
	mirrors, standby bool
	// perPod is the number of primaries in a pod, 0 for one.
	perPod int
	// image is another image than the suite's, if set.
	image string
	// user is spec.user, if set.
	user string
}

// cluster is a test's own namespace with the cluster that gpk makes in it, which is not there at first.
type cluster struct {
	t *testing.T
	// ctx ends when the test's time is over.
	ctx       context.Context
	namespace string
	// kubeconfig is of an account that has rights in the namespace only.
	kubeconfig string
	// file is cluster.yaml.
	file string
	home string
	runs []*process
}

// newCluster makes the namespace and writes cluster.yaml. Everything goes when the test ends; if it has failed, what there
// is to know is printed before.
func newCluster(t *testing.T, s shape) *cluster {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(t.Context(), patience, fmt.Errorf("the test is not done after %s", patience))
	t.Cleanup(cancel)
	c := &cluster{t: t, ctx: ctx, namespace: "e2e-" + rand.String(6), home: t.TempDir()}
	c.must(shared.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   c.namespace,
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted", "gpk-e2e": strings.ReplaceAll(t.Name(), "/", "-")},
	}}, metav1.CreateOptions{}))
	t.Cleanup(c.remove)
	c.furnished()
	c.kubeconfig = c.account(user, c.rights())
	c.file = filepath.Join(c.home, "cluster.yaml")
	if err := os.WriteFile(c.file, []byte(c.yaml(s)), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

// furnished waits until the namespace has what controllers put into every one. That comes by itself and not at once, and a
// test that compares objects before and after would take it for gpk's.
func (c *cluster) furnished() {
	c.t.Helper()
	c.eventually("the namespace is furnished", func() (bool, error) {
		_, err := shared.Client.CoreV1().ConfigMaps(c.namespace).Get(c.ctx, "kube-root-ca.crt", metav1.GetOptions{})
		if err == nil {
			_, err = shared.Client.CoreV1().ServiceAccounts(c.namespace).Get(c.ctx, "default", metav1.GetOptions{})
		}
		return err == nil, err
	})
}

func (c *cluster) yaml(s shape) string {
	image := shared.image
	if s.image != "" {
		image = s.image
	}
	user := ""
	if s.user != "" {
		user = "\n  user: {" + s.user + "}"
	}
	_, version, _ := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return fmt.Sprintf(`apiVersion: gpk/v1alpha1
kind: GreenplumCluster
metadata: {name: %s, namespace: %s}
spec:
  version: %q
  image: %s%s
  coordinator:
    standby: %t
    resources: {requests: {cpu: 20m, memory: 256Mi}}
    storage: {size: 1Gi}
  segments:
    count: %d
    perPod: %d
    mirrors: %t
    resources: {requests: {cpu: 20m, memory: %dMi}}
    storage: {size: 1Gi}
  database:
    name: analytics
    hba: ["host analytics visitor all md5"]
`, name, c.namespace, version, image, user, s.standby, s.primaries, max(s.perPod, 1), s.mirrors, 256*max(s.perPod, 1))
}

// remove deletes the namespace and waits until it is gone. Its data is for nobody, so the pods get no time to stop.
func (c *cluster) remove() {
	if c.t.Failed() {
		c.report()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	namespaces := shared.Client.CoreV1().Namespaces()
	if err := namespaces.Delete(ctx, c.namespace, metav1.DeleteOptions{}); err != nil {
		c.t.Errorf("namespace %s: %v", c.namespace, err)
		return
	}
	for {
		_ = shared.Client.CoreV1().Pods(c.namespace).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}, metav1.ListOptions{})
		_, err := namespaces.Get(ctx, c.namespace, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return
		}
		if ctx.Err() != nil {
			c.t.Errorf("namespace %s is still there after two minutes: %v", c.namespace, err)
			return
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// must ends the test on an error. It takes what a client returns as it is.
func (c *cluster) must(_ any, err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}

// eventually waits until look is satisfied, for what follows by itself within moments.
func (c *cluster) eventually(what string, look func() (bool, error)) {
	c.t.Helper()
	c.within(time.Minute, what, look)
}

// patiently is eventually for what Kubernetes and the database have to find out first.
func (c *cluster) patiently(what string, look func() (bool, error)) {
	c.t.Helper()
	c.within(4*time.Minute, what, look)
}

func (c *cluster) within(patience time.Duration, what string, look func() (bool, error)) {
	c.t.Helper()
	var last error
	for until := time.Now().Add(patience); time.Now().Before(until) && c.ctx.Err() == nil; time.Sleep(200 * time.Millisecond) {
		done, err := look()
		if done && err == nil {
			return
		}
		last = err
	}
	c.t.Fatalf("not so within %s: %s (%v)", patience, what, last)
}
