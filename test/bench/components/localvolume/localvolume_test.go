package localvolume

import (
	"os"
	"path/filepath"
	"testing"

	v1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

func options(node string) controller.ProvisionOptions {
	reclaim := v1.PersistentVolumeReclaimDelete
	return controller.ProvisionOptions{
		StorageClass: &storagev1.StorageClass{ReclaimPolicy: &reclaim},
		PVName:       "pvc-1",
		PVC: &v1.PersistentVolumeClaim{Spec: v1.PersistentVolumeClaimSpec{
			AccessModes: []v1.PersistentVolumeAccessMode{v1.ReadWriteOnce},
			Resources: v1.VolumeResourceRequirements{
				Requests: v1.ResourceList{v1.ResourceStorage: resource.MustParse("2Gi")},
			},
		}},
		SelectedNodeName: node,
	}
}

func TestVolumeComesAndGoes(t *testing.T) {
	f := Folders{Machines: t.TempDir(), Volumes: "/var/lib/volumes"}
	pv, _, err := f.Provision(t.Context(), options("node2"))
	if err != nil {
		t.Fatal(err)
	}
	if got := pv.Spec.Local.Path; got != "/var/lib/volumes/pvc-1" {
		t.Errorf("the node is told to look in %s", got)
	}
	if got := pv.Spec.Capacity[v1.ResourceStorage]; got.String() != "2Gi" {
		t.Errorf("the volume has %s", got.String())
	}
	if node, err := nodeOf(pv); err != nil || node != "node2" {
		t.Errorf("the volume is on %q, %v", node, err)
	}
	dir := filepath.Join(f.Machines, "node2/var/lib/volumes/pvc-1")
	if err := os.WriteFile(filepath.Join(dir, "data"), []byte("row"), 0o600); err != nil {
		t.Fatalf("the folder is not on its node: %v", err)
	}
	// A provisioner that was killed in between does it again.
	if _, _, err := f.Provision(t.Context(), options("node2")); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err != nil {
		t.Errorf("provisioning again lost data: %v", err)
	}
	for range 2 {
		if err := f.Delete(t.Context(), pv); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder outlives the volume")
	}
}

func TestNoNodeIsRefused(t *testing.T) {
	f := Folders{Machines: t.TempDir(), Volumes: "/volumes"}
	if _, _, err := f.Provision(t.Context(), options("")); err == nil {
		t.Error("a volume was made on no node")
	}
}

func TestForeignVolumeIsNotDeleted(t *testing.T) {
	f := Folders{Machines: t.TempDir(), Volumes: "/volumes"}
	pv := &v1.PersistentVolume{}
	pv.Name = "pvc-1"
	if err := f.Delete(t.Context(), pv); err == nil {
		t.Error("a volume without a node was deleted")
	}
}

func TestRemoteVolumeIsEverywhere(t *testing.T) {
	f := Folders{Machines: t.TempDir(), Volumes: "/var/lib/volumes", Remote: t.TempDir()}
	o := options("") // its class binds at once
	o.StorageClass.Parameters = map[string]string{"reach": "all-nodes"}
	pv, _, err := f.Provision(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(f.Remote, "pvc-1")
	if got := pv.Spec.Local.Path; got != dir {
		t.Errorf("nodes are told to look in %s, want %s", got, dir)
	}
	if node, err := nodeOf(pv); err == nil {
		t.Errorf("the volume is bound to %s", node)
	}
	if err := os.WriteFile(filepath.Join(dir, "data"), []byte("row"), 0o600); err != nil {
		t.Fatalf("the folder is not there: %v", err)
	}
	for range 2 {
		if err := f.Delete(t.Context(), pv); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder of a deleted volume is left")
	}
}

func TestExpand(t *testing.T) {
	size := func(q string) v1.ResourceList { return v1.ResourceList{v1.ResourceStorage: resource.MustParse(q)} }
	claim := &v1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Namespace: "n", Name: "c"},
		Spec:       v1.PersistentVolumeClaimSpec{VolumeName: "pvc-1", Resources: v1.VolumeResourceRequirements{Requests: size("2Gi")}},
		Status:     v1.PersistentVolumeClaimStatus{Phase: v1.ClaimBound, Capacity: size("1Gi")},
	}
	clients := fake.NewClientset(claim, &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: "pvc-1"}, Spec: v1.PersistentVolumeSpec{Capacity: size("1Gi")},
	})
	if !wantsMore(claim) {
		t.Fatal("a claim that asks for more is overlooked")
	}
	if err := expand(t.Context(), clients, claim); err != nil {
		t.Fatal(err)
	}
	pv, err := clients.CoreV1().PersistentVolumes().Get(t.Context(), "pvc-1", metav1.GetOptions{})
	if err != nil || pv.Spec.Capacity.Storage().String() != "2Gi" {
		t.Errorf("the volume has %s, %v", pv.Spec.Capacity.Storage(), err)
	}
	claim, err = clients.CoreV1().PersistentVolumeClaims("n").Get(t.Context(), "c", metav1.GetOptions{})
	if err != nil || claim.Status.Capacity.Storage().String() != "2Gi" {
		t.Errorf("the claim has %s, %v", claim.Status.Capacity.Storage(), err)
	}
	if wantsMore(claim) {
		t.Error("a claim that has what it asks for is expanded again")
	}
	claim.Status.Phase = v1.ClaimPending
	claim.Status.Capacity = nil
	if wantsMore(claim) {
		t.Error("a claim without a volume is expanded")
	}
}
