//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestImageMissing names an image that no registry has. gpk says so instead of waiting, and delete takes away what was
// half made.
func TestImageMissing(t *testing.T) {
	t.Parallel()
	s := small()
	s.image = "registry.invalid/greenplum:7.1.0"
	c := newCluster(t, s)
	empty := c.objects()
	r := c.gpk("create", "-f", c.file).want(t, 1).says(t, "pod demo-", s.image, "next:")
	if r.took > 2*time.Minute {
		t.Errorf("it took %s to say that the image cannot be had", r.took)
	}
	c.gpk("status").want(t, 1)
	c.gpk("delete", "--delete-data", "--confirm", name).want(t, 0)
	if left := added(empty, c.objects()); len(left) > 0 {
		t.Errorf("delete --delete-data has left %s", strings.Join(left, ", "))
	}
}

// TestNamespaceMissing names a namespace that is not there, and two that differ.
func TestNamespaceMissing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	text, err := os.ReadFile(c.file)
	c.must(nil, err)
	elsewhere := c.namespace + "-not"
	c.must(nil, os.WriteFile(c.file, []byte(strings.ReplaceAll(string(text), c.namespace, elsewhere)), 0o600))

	c.startAs(shared.kubeconfig, "create", "-f", c.file).wait().want(t, 1).says(t, elsewhere)
	c.gpk("create", "-f", c.file).want(t, 2).says(t, elsewhere, c.namespace)
	c.gpk("status").want(t, 1).says(t, c.namespace)
	c.wantSame(empty)
}

// TestForeignData has a volume of the cluster hold a directory that gpk did not make. Nothing is removed from it.
func TestForeignData(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	claim := "data-demo-primary-0"
	c.must(shared.client.CoreV1().PersistentVolumeClaims(c.namespace).Create(c.ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claim},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}},
	}, metav1.CreateOptions{}))
	c.pod("stranger", &claim)
	c.in("stranger", "mkdir -p /greenplum/primary/gpseg0 && echo precious >/greenplum/primary/gpseg0/somebodys")
	c.must(nil, shared.client.CoreV1().Pods(c.namespace).Delete(c.ctx, "stranger", metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}))

	for range 2 {
		c.gpk("create", "-f", c.file).want(t, 1).says(t, "demo-primary-0", "next:")
		if kept := c.in("demo-primary-0", "cat /greenplum/primary/gpseg0/somebodys"); kept != "precious" {
			t.Fatalf("somebody's data has become %q", kept)
		}
		c.in(coordinator, "test ! -e /greenplum/coordinator")
	}
}
