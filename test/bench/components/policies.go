package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"

	"gpk/test/bench/components/networkpolicy"
)

// runNetworkPolicies enforces NetworkPolicies on the node it runs on until it is told to end.
func runNetworkPolicies() int {
	flags := flag.NewFlagSet("network-policies", flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "kubeconfig of the API server")
	node := flags.String("node", "", "name of the node")
	healthz := flags.String("healthz", "", "address to answer on to /healthz: well once the rules are in place")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := enforce(ctx, *kubeconfig, *node, *healthz); err != nil {
		klog.ErrorS(err, "Enforcer of NetworkPolicies ends")
		return 1
	}
	return 0
}

func enforce(ctx context.Context, kubeconfig, node, healthz string) error {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return fmt.Errorf("read kubeconfig: %w", err)
	}
	clients, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("use kubeconfig: %w", err)
	}
	enforcer := &networkpolicy.Enforcer{Node: node, Clients: clients}
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		if !enforcer.Ready() {
			http.Error(w, "the rules are not in place", http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{Addr: healthz, Handler: mux, ReadHeaderTimeout: time.Second}
	failed := make(chan error, 2)
	go func() { failed <- server.ListenAndServe() }()
	go func() { failed <- enforcer.Run(ctx) }()
	return <-failed
}
