//go:build e2e

package e2e

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestImageMissing names an image that no registry has. gpk says so instead of waiting, before anything is made. Without the right to make
// the pod that looks into the image, it says so of the cluster's own pods, and delete takes away what was half made.
func TestImageMissing(t *testing.T) {
	t.Parallel()
	s := small()
	s.image = "registry.invalid/greenplum:7.1.0"
	c := newCluster(t, s)
	unlooked := c.unlooked()
	empty := c.objects()
	c.gpk("create", "-f", c.file).want(t, 1).says(t, "step inspected", "pod demo-image", s.image, "next:")
	if made := added(empty, c.objects()); slices.ContainsFunc(made, func(o string) bool { return o != "Lease/demo-gpk" }) {
		t.Errorf("it has made %q", made)
	}
	r := c.startAs(unlooked, "-n", c.namespace, "create", "-f", c.file).wait().want(t, 1).says(t,
		"you may not create pod demo-image", "step running", "pod demo-", s.image, "next:")
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

	c.startAs(shared.kubeconfig, "create", "-f", c.file).wait().want(t, 1).says(t, elsewhere, "next:", "--create-namespace")
	c.gpk("create", "-f", c.file).want(t, 2).says(t, elsewhere, c.namespace)
	c.gpk("status").want(t, 1).says(t, c.namespace)
	c.wantSame(empty)
}

// TestForeignObjects has somebody else use the names of what gpk keeps of a cluster: its lock, its record, its state and its keys, and
// of an object that it applies. They stay as they are, and nothing is made beside them.
func TestForeignObjects(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	core, leases := shared.Client.CoreV1(), shared.Client.CoordinationV1().Leases(c.namespace)
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }
	refused := func(object string) {
		t.Helper()
		before := c.objects()
		c.gpk("create", "-f", c.file).want(t, 1).says(t, object+" exists already, and gpk has not made it", "gpk did not change it")
		// The lock may have been taken and given back.
		if lease, taken := c.objects()["Lease/demo-gpk"]; taken {
			before["Lease/demo-gpk"] = lease
		}
		c.wantSame(before)
	}
	theirs := func(object string) {
		t.Helper()
		refused(object)
		c.wantDifferences(c.file, object+" exists already, and gpk has not made it")
	}

	c.must(leases.Create(c.ctx, &coordinationv1.Lease{ObjectMeta: named("demo-gpk")}, metav1.CreateOptions{}))
	refused("Lease/demo-gpk")
	if lease, err := leases.Get(c.ctx, "demo-gpk", metav1.GetOptions{}); err != nil || lease.Spec.HolderIdentity != nil {
		t.Errorf("somebody's Lease: %+v, error %v", lease, err)
	}
	c.must(nil, leases.Delete(c.ctx, "demo-gpk", metav1.DeleteOptions{}))
	for _, name := range []string{"demo-gpk", "demo-state"} {
		c.must(core.ConfigMaps(c.namespace).Create(c.ctx, &corev1.ConfigMap{ObjectMeta: named(name)}, metav1.CreateOptions{}))
		theirs("ConfigMap/" + name)
		c.must(nil, core.ConfigMaps(c.namespace).Delete(c.ctx, name, metav1.DeleteOptions{}))
	}
	c.must(core.Secrets(c.namespace).Create(c.ctx, &corev1.Secret{ObjectMeta: named("demo-ssh"),
		StringData: map[string]string{"id_ed25519": "theirs"}}, metav1.CreateOptions{}))
	theirs("Secret/demo-ssh")
	c.must(nil, core.Secrets(c.namespace).Delete(c.ctx, "demo-ssh", metav1.DeleteOptions{}))
	c.must(core.Services(c.namespace).Create(c.ctx, &corev1.Service{ObjectMeta: named("demo"),
		Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 80}}}}, metav1.CreateOptions{}))
	c.wantDifferences(c.file, "Service/demo exists already, and gpk has not made it")
}

// TestForeignData has a volume of the cluster hold a directory that gpk did not make. Nothing is removed from it.
func TestForeignData(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	claim := "data-demo-primary-0"
	c.must(shared.Client.CoreV1().PersistentVolumeClaims(c.namespace).Create(c.ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claim},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources: corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}}},
	}, metav1.CreateOptions{}))
	c.pod("stranger", &claim)
	c.in("stranger", "mkdir -p /greenplum/primary/gpseg0 && echo precious >/greenplum/primary/gpseg0/somebodys")
	c.must(nil, shared.Client.CoreV1().Pods(c.namespace).Delete(c.ctx, "stranger", metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}))

	for range 2 {
		c.gpk("create", "-f", c.file).want(t, 1).says(t, "demo-primary-0", "next:")
		if kept := c.in("demo-primary-0", "cat /greenplum/primary/gpseg0/somebodys"); kept != "precious" {
			t.Fatalf("somebody's data has become %q", kept)
		}
		c.in(coordinator, "test ! -e /greenplum/coordinator")
	}
}
