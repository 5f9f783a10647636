// Package localvolume makes volumes of folders on the nodes. They are of type
// local: the kubelet gives those to the pod's fsGroup, as it doesn't with hostPath.
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
}

// Provision makes the folder on the node that the scheduler chose.
func (f Folders) Provision(_ context.Context, o controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	if o.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished,
			errors.New("no node was chosen for the claim: its storage class needs volumeBindingMode WaitForFirstConsumer")
	}
	dir := filepath.Join(f.onHost(o.SelectedNodeName), o.PVName)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, controller.ProvisioningFinished, fmt.Errorf("make the volume's folder: %w", err)
	}
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
				Local: &v1.LocalVolumeSource{Path: filepath.Join(f.Volumes, o.PVName)},
			},
			NodeAffinity: onlyOn(o.SelectedNodeName),
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes the folder, and with it the data.
func (f Folders) Delete(_ context.Context, pv *v1.PersistentVolume) error {
	node, err := nodeOf(pv)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(f.onHost(node), pv.Name)); err != nil {
		return fmt.Errorf("remove the volume's folder: %w", err)
	}
	return nil
}

func (f Folders) onHost(node string) string {
	return filepath.Join(f.Machines, node, f.Volumes)
}

func onlyOn(node string) *v1.VolumeNodeAffinity {
	return &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
		MatchExpressions: []v1.NodeSelectorRequirement{{
			Key: v1.LabelHostname, Operator: v1.NodeSelectorOpIn, Values: []string{node},
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
