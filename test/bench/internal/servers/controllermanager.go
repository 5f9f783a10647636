package servers

import "gpk/test/bench/internal/pki"

// monitorGracePeriod is how long a node may be silent before it is taken for lost:
// within a test's patience, but not one that was only slow. Real nodes renew their
// leases every 2.5 s. A thousand simulated ones that did would keep two cores busy.
func (s Setup) monitorGracePeriod() string {
	if s.Simulated {
		return "40s"
	}
	return "10s"
}

func (s Setup) controllerManager() program {
	return program{
		clients: []client{{"controller-manager.kubeconfig", pki.Pair{
			Name: "controller-manager", User: "system:kube-controller-manager",
		}}},
		service: multicall("kube-controller-manager",
			"--kubeconfig="+etcFile("controller-manager.kubeconfig"),
			"--use-service-account-credentials=true",
			"--service-account-private-key-file="+pkiFile("service-account.key"),
			"--root-ca-file="+pkiFile("ca.crt"),
			"--cluster-signing-cert-file="+pkiFile("ca.crt"), "--cluster-signing-key-file="+pkiFile("ca.key"),
			"--allocate-node-cidrs=false", // each node's range is its number's
			"--leader-elect=false",
			// The binder of volumes is one of many that share this. Throttled, it
			// tells the scheduler before the kubelet that a claim is bound, and the
			// kubelet, which finds it unbound, looks again after 10 to 15 s only.
			"--kube-api-qps=1000", "--kube-api-burst=2000",
			"--concurrent-statefulset-syncs=20",
			"--node-monitor-period=1s", "--node-monitor-grace-period="+s.monitorGracePeriod(),
		),
	}
}
