package servers

import (
	"fmt"

	"gpk/test/bench/internal/pki"
)

// PoliciesUser is whom the enforcers of NetworkPolicies are to the API server,
// PoliciesPort where they answer to /healthz on their nodes.
const (
	PoliciesUser = "gpk-bench:network-policies"
	PoliciesPort = 10254
)

func (s Setup) networkPolicies(n int) program {
	return program{
		clients: []client{{"network-policies.kubeconfig", pki.Pair{Name: "network-policies", User: PoliciesUser}}},
		service: multicall("network-policies",
			"-kubeconfig="+etcFile("network-policies.kubeconfig"),
			"-node="+Node(n),
			fmt.Sprintf("-healthz=%s:%d", s.Network.Node(n), PoliciesPort),
		),
	}
}
