//go:build faults

package faults

import (
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// volumeSize is what the first primary's volume holds: a database and a little more.
const volumeSize = "400Mi"

// smallVolume gives the first primary a volume that can be filled: the memory of another pod's emptyDir, where the kubelet of
// that pod's node keeps it. Other volumes of a bench share a disk, which is nobody's to fill.
func (c *cluster) smallVolume() {
	c.t.Helper()
	holder := c.holder()
	pods := shared.Client.CoreV1().Pods(c.namespace)
	c.must(pods.Create(c.ctx, holder, metav1.CreateOptions{}))
	c.must(nil, within(time.Minute, func() (err error) {
		if holder, err = pods.Get(c.ctx, holder.Name, metav1.GetOptions{}); err == nil && holder.Status.Phase != corev1.PodRunning {
			err = fmt.Errorf("pod %s: %s", holder.Name, holder.Status.Phase)
		}
		return err
	}))
	size := corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}
	modes := []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}
	claim := "data-" + name + "-primary-0"
	volume := &corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: c.namespace}, Spec: corev1.PersistentVolumeSpec{
		Capacity: size, AccessModes: modes, PersistentVolumeReclaimPolicy: corev1.PersistentVolumeReclaimRetain,
		ClaimRef: &corev1.ObjectReference{Namespace: c.namespace, Name: claim},
		PersistentVolumeSource: corev1.PersistentVolumeSource{Local: &corev1.LocalVolumeSource{
			Path: fmt.Sprintf("/var/lib/kubelet/pods/%s/volumes/kubernetes.io~empty-dir/small", holder.UID)}},
		NodeAffinity: &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
			MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn,
				Values: []string{holder.Spec.NodeName}}}}}}},
	}}
	c.must(shared.Client.CoreV1().PersistentVolumes().Create(c.ctx, volume, metav1.CreateOptions{}))
	c.must(shared.Client.CoreV1().PersistentVolumeClaims(c.namespace).Create(c.ctx, &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: claim},
		Spec: corev1.PersistentVolumeClaimSpec{AccessModes: modes, StorageClassName: new(""), VolumeName: volume.Name,
			Resources: corev1.VolumeResourceRequirements{Requests: size}},
	}, metav1.CreateOptions{}))
}

// holder is the pod that has the memory, and does nothing.
func (c *cluster) holder() *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "holder"}, Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(1000)), FSGroup: new(int64(1000)),
			SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault}},
		TerminationGracePeriodSeconds: new(int64(1)),
		Volumes: []corev1.Volume{{Name: "small", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{
			Medium: corev1.StorageMediumMemory, SizeLimit: new(resource.MustParse(volumeSize))}}}},
		Containers: []corev1.Container{{Name: "holder", Image: shared.image, Command: []string{"sleep", "infinity"},
			VolumeMounts: []corev1.VolumeMount{{Name: "small", MountPath: "/small"}},
			SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false),
				Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}}}}},
	}}
}

// fillDisk leaves no room on the first primary's volume.
func (d *director) fillDisk() error {
	return d.c.onSmallVolume(`dd if=/dev/zero of="$1/full" bs=4k 2>/dev/null; [ "$(df --output=avail "$1" | tail -n 1)" -lt 64 ]`)
}

func (d *director) freeDisk() error { return d.c.onSmallVolume(`rm -f "$1/full"`) }

// onSmallVolume runs a script on the volume: in the primary's pod or, while there is none, in the one that has the memory.
func (c *cluster) onSmallVolume(script string) error {
	return within(30*time.Second, func() error {
		_, err := c.exec(c.ctx, name+"-primary-0", script, "/greenplum")
		if err != nil {
			_, err = c.exec(c.ctx, "holder", script, "/small")
		}
		return err
	})
}
