package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

// runProvisioner answers claims of the bench's storage class until it is told to end.
func runProvisioner() int {
	flags := flag.NewFlagSet("local-provisioner", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of the API server")
	name := flags.String("name", "", "provisioner's name in storage classes")
	var local localVolumes
	flags.StringVar(&local.machines, "machines", "", "folder that holds each node's folder")
	flags.StringVar(&local.volumes, "volumes", "", "folder of the volumes as a node sees it; also below each node's folder")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := provision(ctx, *kubeconfig, *name, local); err != nil {
		klog.ErrorS(err, "Local provisioner ends")
		return 1
	}
	return 0
}

func provision(ctx context.Context, kubeconfig, name string, local localVolumes) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 500, 1000 // the API server's own fairness is the limit
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("use kubeconfig: %w", err)
	}
	ctrl := controller.NewProvisionController(ctx, clients, name, local,
		controller.LeaderElection(false), controller.Threadiness(8))
	ctrl.Run(ctx)
	return nil
}

// localVolumes are folders on the nodes, handed out as volumes of type local:
// the kubelet gives those to the pod's fsGroup, as it doesn't with hostPath.
type localVolumes struct {
	machines string // MACHINES/NODE is a node's own folder
	volumes  string // where a node sees its volumes; MACHINES/NODE/VOLUMES is the same folder
}

// Provision makes the folder on the node that the scheduler chose.
func (l localVolumes) Provision(_ context.Context, o controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	if o.SelectedNodeName == "" {
		return nil, controller.ProvisioningFinished,
			errors.New("no node was chosen for the claim: its storage class needs volumeBindingMode WaitForFirstConsumer")
	}
	dir := filepath.Join(l.onHost(o.SelectedNodeName), o.PVName)
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
				Local: &v1.LocalVolumeSource{Path: filepath.Join(l.volumes, o.PVName)},
			},
			NodeAffinity: onlyOn(o.SelectedNodeName),
		},
	}, controller.ProvisioningFinished, nil
}

// Delete removes the folder, and with it the data.
func (l localVolumes) Delete(_ context.Context, pv *v1.PersistentVolume) error {
	node, err := nodeOf(pv)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(l.onHost(node), pv.Name)); err != nil {
		return fmt.Errorf("remove the volume's folder: %w", err)
	}
	return nil
}

func (l localVolumes) onHost(node string) string {
	return filepath.Join(l.machines, node, l.volumes)
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
