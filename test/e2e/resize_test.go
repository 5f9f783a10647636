//go:build e2e

package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestConfigAndResize changes settings, and then the sizes of pods and volumes, while a client writes.
func TestConfigAndResize(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, mirrors: true, standby: true}
	c := newCluster(t, s)
	c.file = c.changed("remote.yaml", "storage: {size: 1Gi}", "storage: {size: 1Gi, className: "+c.expandable()+"}")
	c.gpk("create", "-f", c.file).want(t, 0)
	w := c.writes()
	c.configures(s)
	c.resizes(s)
	w.wantAll()
}

// configures changes settings that need a reload, and one that needs a restart.
func (c *cluster) configures(s shape) {
	c.t.Helper()
	before := c.settled()
	c.gpk("config", "set", "no_such=1", "work_mem=12XB", "block_size=4").want(c.t, 1).says(c.t, "no_such", "work_mem", "block_size", "nothing was changed")
	c.gpk("config", "set", "max_connections=few").want(c.t, 2)
	c.gpk("config", "set", "work_mem=48MB", "--dry-run").want(c.t, 3)
	c.wantSame(before)

	c.gpk("config", "set", "work_mem=48MB", "log_min_duration_statement=500").want(c.t, 0)
	c.wantSetting(s, "work_mem", "48MB", "48MB")
	if r := c.gpk("config", "set", "work_mem=48MB").want(c.t, 0); !strings.Contains(r.stdout, "no changes") {
		c.t.Errorf("the same again: %s", r.stdout)
	}
	c.wantNoDifferences(c.changed("set.yaml", "name: analytics\n", "name: analytics\n    config: {work_mem: 48MB, log_min_duration_statement: 500}\n"))

	// Greenplum knows this one and does not list it.
	c.gpk("config", "set", "bgwriter_delay=300").want(c.t, 0)
	c.wantSetting(s, "bgwriter_delay", "300ms", "300ms")
	if r := c.gpk("config", "show", "bgwriter_delay").want(c.t, 0); !strings.Contains(r.stdout, "300ms") {
		c.t.Errorf("it is not shown: %s", r.stdout)
	}
	c.gpk("config", "set", "bgwriter_delay=DEFAULT").want(c.t, 0)
	c.wantSetting(s, "bgwriter_delay", "200ms", "200ms")

	if r := c.gpk("config", "set", "max_connections=70").want(c.t, 0); !strings.Contains(r.stdout, "gpk restart") {
		c.t.Errorf("nobody is told of the restart: %s", r.stdout)
	}
	c.wantSetting(s, "max_connections", "50", "150")
	c.gpk("config", "set", "max_connections=70", "--restart").want(c.t, 0)
	c.wantSetting(s, "max_connections", "70", "210")
	c.gpk("config", "set", "max_connections=DEFAULT", "work_mem=DEFAULT", "log_min_duration_statement=DEFAULT", "--restart").want(c.t, 0)
	c.wantSetting(s, "max_connections", "50", "150")
	c.wantNoDifferences(c.file)
}

// resizes makes the volumes larger, which stops nothing, then the pods, and kills a gpk while it does.
func (c *cluster) resizes(s shape) {
	c.t.Helper()
	pods := c.uids()
	larger := c.changed("larger.yaml", "size: 1Gi", "size: 2Gi")
	c.gpk("resize", "-f", larger, "--dry-run").want(c.t, 3)
	c.gpk("resize", "-f", larger).want(c.t, 0)
	claims, err := shared.Client.CoreV1().PersistentVolumeClaims(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	for _, claim := range claims.Items {
		if size := claim.Status.Capacity.Storage().String(); size != "2Gi" {
			c.t.Errorf("the volume of %s has %s", claim.Name, size)
		}
	}
	for name, uid := range c.uids() {
		if pods[name] != uid {
			c.t.Errorf("pod %s was made anew for a larger volume", name)
		}
	}
	c.wantNoDifferences(larger)
	c.gpk("resize", "-f", c.file).want(c.t, 2).says(c.t, "can't become smaller")

	c.file = larger
	more := c.changed("more.yaml", "memory: 256Mi", "memory: 640Mi")
	c.killedInWindow("resize", "-f", more)
	c.gpk("resize", "-f", more).want(c.t, 0)
	c.wantWhole(s)
	c.wantSetting(s, "shared_buffers", "80MB", "80MB")
	c.wantNoDifferences(more)
	if r := c.gpk("resize", "-f", more).want(c.t, 0); !strings.Contains(r.stdout, "no changes") {
		c.t.Errorf("the same again: %s", r.stdout)
	}
}

// expandable is a storage class whose volumes can grow. Without one there is nothing to test.
func (c *cluster) expandable() string {
	c.t.Helper()
	classes, err := shared.Client.StorageV1().StorageClasses().List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	for _, class := range classes.Items {
		if class.AllowVolumeExpansion != nil && *class.AllowVolumeExpansion {
			return class.Name
		}
	}
	c.t.Skip("no storage class lets volumes grow")
	return ""
}

// uids are those of the cluster's pods.
func (c *cluster) uids() map[string]string {
	c.t.Helper()
	pods, err := shared.Client.CoreV1().Pods(c.namespace).List(c.ctx, metav1.ListOptions{})
	c.must(nil, err)
	found := map[string]string{}
	for _, pod := range pods.Items {
		if pod.Status.Phase == corev1.PodRunning {
			found[pod.Name] = string(pod.UID)
		}
	}
	return found
}

// wantSetting wants a value on the coordinator, and another one on every acting primary.
func (c *cluster) wantSetting(s shape, name, coordinator, segment string) {
	c.t.Helper()
	for _, i := range c.wantWhole(s) {
		if i.Role != "p" {
			continue
		}
		want := segment
		if i.Content < 0 {
			want = coordinator
		}
		if got := c.utility(i, "postgres", "show "+name); got != want {
			c.t.Errorf("%s is %s on content %d instead of %s", name, got, i.Content, want)
		}
	}
}
