package servers

import (
	"fmt"

	"gpk/test/bench/internal/pki"
)

// proxy is a node's kube-proxy; its rules are in the node's network namespace.
// Everyone who is no pod, the host among them, is masqueraded: so the host
// reaches Services by a route through a node, without rules of its own.
func (s Setup) proxy(n int) program {
	return program{
		clients: []client{{"proxy.kubeconfig", pki.Pair{Name: "proxy", User: "system:kube-proxy"}}},
		files: []file{{"proxy.json", toJSON(object{
			"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
			"mode":               "iptables",
			"clusterCIDR":        s.Network.Pods().String(),
			"hostnameOverride":   Node(n),
			"healthzBindAddress": fmt.Sprintf("%s:10256", s.Network.Node(n)),
			"clientConnection": object{
				"kubeconfig": etcFile("proxy.kubeconfig"), "qps": 500, "burst": 1000,
			},
			// A new endpoint shall be reachable at once, not at the end of a second.
			"iptables": object{"minSyncPeriod": "100ms", "syncPeriod": "30s", "localhostNodePorts": false},
			// Left as they are: they are the host's.
			"conntrack": object{
				"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s",
			},
		})}},
		service: multicall("kube-proxy", "--config="+etcFile("proxy.json")),
	}
}
