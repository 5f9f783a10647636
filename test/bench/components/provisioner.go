package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"

	"gpk/test/bench/components/localvolume"
)

// runProvisioner answers claims of the bench's storage classes until it is told to end.
func runProvisioner() int {
	flags := flag.NewFlagSet("local-provisioner", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of the API server")
	name := flags.String("name", "", "provisioner's name in storage classes")
	var folders localvolume.Folders
	flags.StringVar(&folders.Machines, "machines", "", "folder that holds each node's folder")
	flags.StringVar(&folders.Volumes, "volumes", "", "folder of the volumes as a node sees it; also below each node's folder")
	flags.StringVar(&folders.Remote, "remote", "", "folder of the volumes that all nodes see, the same for them and this program")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := provision(ctx, *kubeconfig, *name, folders); err != nil {
		klog.ErrorS(err, "Local provisioner ends")
		return 1
	}
	return 0
}

func provision(ctx context.Context, kubeconfig, name string, folders localvolume.Folders) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	config.QPS, config.Burst = 500, 1000 // the API server's own fairness is the limit
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("use kubeconfig: %w", err)
	}
	if err := localvolume.Expand(ctx, clients, name); err != nil {
		return err
	}
	ctrl := controller.NewProvisionController(ctx, clients, name, folders,
		controller.LeaderElection(false), controller.Threadiness(8))
	ctrl.Run(ctx)
	return nil
}
