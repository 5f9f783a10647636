// Package localvolume makes volumes of folders: on a node, or, where the storage
// class says so, in a place that every node sees, as it sees a file server's. Both
// are of type local: the kubelet gives those to the pod's fsGroup, as it doesn't
// with hostPath.
package localvolume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// Folders says where the volumes are.
type Folders struct {
	Machines string // MACHINES/NODE is a node's own folder
	Volumes  string // where a node sees its volumes; MACHINES/NODE/VOLUMES is the same folder
	Remote   string // where every node, and this program, sees the volumes of all nodes
}

// The parameter of storage classes whose volumes every node can mount.
const reach, allNodes = "reach", "all-nodes"

// Provision makes the folder on the node that the scheduler chose, or for all nodes.
func (f Folders) Provision(_ context.Context, o controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	place := place{folder: f.Volumes, made: f.onHost(o.SelectedNodeName), nodes: onlyOn(o.SelectedNodeName)}
	switch {
	case o.StorageClass.Parameters[reach] == allNodes:
		place.folder, place.made, place.nodes = f.Remote, f.Remote, anywhere()
	case o.SelectedNodeName == "":
		return nil, controller.ProvisioningFinished,
			errors.New("no node was chosen for the claim: its storage class needs volumeBindingMode WaitForFirstConsumer")
	}
	if err := os.MkdirAll(filepath.Join(place.made, o.PVName), 0o755); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("make the volume's folder: %w", err)
	}
	return volume(o, place), controller.ProvisioningFinished, nil
}

// place is where a volume's folder is.
type place struct {
	folder string // around it, as nodes see it
	made   string // the same as this program sees it
	nodes  *v1.VolumeNodeAffinity
}

func volume(o controller.ProvisionOptions, p place) *v1.PersistentVolume {
	filesystem := v1.PersistentVolumeFilesystem
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: o.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *o.StorageClass.ReclaimPolicy,
			AccessModes:                   o.PVC.Spec.AccessModes,
			MountOptions:                  o.StorageClass.MountOptions,
			VolumeMode:                    &filesystem,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: o.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource: v1.PersistentVolumeSource{
				Local: &v1.LocalVolumeSource{Path: filepath.Join(p.folder, o.PVName)},
			},
			NodeAffinity: p.nodes,
		},
	}
}

// Delete removes the folder, and with it the data.
func (f Folders) Delete(_ context.Context, pv *v1.PersistentVolume) error {
	around := f.Remote
	if pv.Spec.Local == nil || pv.Spec.Local.Path != filepath.Join(f.Remote, pv.Name) {
		node, err := nodeOf(pv)
		if err != nil {
			return err
		}
		around = f.onHost(node)
	}
	if err := os.RemoveAll(filepath.Join(around, pv.Name)); err != nil {
		return fmt.Errorf("remove the volume's folder: %w", err)
	}
	return nil
}

func (f Folders) onHost(node string) string {
	return filepath.Join(f.Machines, node, f.Volumes)
}

func onlyOn(node string) *v1.VolumeNodeAffinity { return where(v1.LabelHostname, node) }

// anywhere is said with a label that every node has: without any affinity there
// can be no volume of type local.
func anywhere() *v1.VolumeNodeAffinity { return where(v1.LabelOSStable, "linux") }

func where(label, value string) *v1.VolumeNodeAffinity {
	return &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
		MatchExpressions: []v1.NodeSelectorRequirement{{
			Key: label, Operator: v1.NodeSelectorOpIn, Values: []string{value},
		}},
	}}}}
}

// nodeOf reads back what onlyOn wrote. It is all that leads to the folder, so
// anything else in its place is refused rather than guessed at.
func nodeOf(pv *v1.PersistentVolume) (string, error) {
	if a := pv.Spec.NodeAffinity; a != nil && a.Required != nil && len(a.Required.NodeSelectorTerms) == 1 {
		terms := a.Required.NodeSelectorTerms[0].MatchExpressions
		if len(terms) == 1 && terms[0].Key == v1.LabelHostname && len(terms[0].Values) == 1 {
			return terms[0].Values[0], nil
		}
	}
	return "", fmt.Errorf("volume %s is bound to no one node: not made by this provisioner", pv.Name)
}
