// Command kube is every server the bench runs, each by its own name: called
// through a link named kube-apiserver it is the API server, and `kube
// kube-apiserver` is the same. One binary, because the servers share most of
// their packages and a machine of two cores links them in minutes.
package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// servers are the entry points; each reads os.Args as its own command line and
// returns its exit status.
var servers = map[string]func() int{
	"coredns":                 runCoreDNS,
	"etcd":                    runEtcd,
	"kube-apiserver":          runAPIServer,
	"kube-controller-manager": runControllerManager,
	"kube-proxy":              runProxy,
	"kube-scheduler":          runScheduler,
	"kubelet":                 runKubelet,
	"local-provisioner":       runProvisioner,
	"network-policies":        runNetworkPolicies,
}

func main() {
	name := filepath.Base(os.Args[0])
	run, known := servers[name]
	if !known && len(os.Args) > 1 {
		os.Args = os.Args[1:]
		name = os.Args[0]
		run, known = servers[name]
	}
	if !known {
		names := slices.Sorted(maps.Keys(servers))
		fmt.Fprintf(os.Stderr, "unknown server %q; want one of %s\n", name, strings.Join(names, ", "))
		os.Exit(2)
	}
	os.Exit(run())
}
