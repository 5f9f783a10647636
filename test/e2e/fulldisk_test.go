//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestFullDisk gives a primary a volume that is smaller than a database.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	c.smallVolume("data-demo-primary-0")
	for range 2 {
		c.gpk("create", "-f", c.file).want(t, 1).says(t, "step initialise", "gpinitsystem", "demo-primary-0", "No space left on device", "next:")
	}
	c.gpk("delete", "--cluster", name, "--delete-data", "--yes").want(t, 0)
	if left := added(empty, c.objects()); len(left) != 1 || left[0] != "Pod/holder" {
		t.Errorf("delete --delete-data has left %q", left)
	}
}

// smallVolume makes a claim whose volume holds a few megabytes only: it is the memory of another pod's emptyDir, where the
// kubelet of that pod's node keeps it.
func (c *cluster) smallVolume(claim string) {
	c.t.Helper()
	holder := sleeper("holder")
	holder.Spec.Volumes = []corev1.Volume{{Name: "small", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
		Medium: corev1.StorageMediumMemory, SizeLimit: new(resource.MustParse("24Mi"))}}}}
	holder.Spec.Containers[0].VolumeMounts = []corev1.VolumeMount{{Name: "small", MountPath: "/small"}}
	c.run(holder)
	found, err := shared.Client.CoreV1().Pods(c.namespace).Get(c.ctx, holder.Name, metav1.GetOptions{})
	c.must(nil, err)

	volumes := shared.Client.CoreV1().PersistentVolumes()
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}, Spec: corev1.PersistentVolumeSpec{
		Capacity: size, AccessModes: modes, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
		ClaimRef: &corev1.ObjectReference{Namespace: c.namespace, Name: claim},
		PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{
			Path: fmt.Sprintf("/var/lib/kubelet/pods/%s/volumes/kubernetes.io~empty-dir/small", found.UID)}},
		NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn,
				Values: []string{found.Spec.NodeName}}}}}}},
	}}
	c.must(volumes.Create(c.ctx, volume, metav1.CreateOptions{}))
	c.t.Cleanup(func() { _ = volumes.Delete(context.Background(), volume.Name, metav1.DeleteOptions{}) })
	c.must(shared.Client.CoreV1().PersistentVolumeClaims(c.namespace).Create(c.ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claim},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: modes, StorageClassName: new(""), VolumeName: volume.Name,
			Resources: corev1.VolumeResourceRequirements{Requests: size}},
	}, metav1.CreateOptions{}))
}
