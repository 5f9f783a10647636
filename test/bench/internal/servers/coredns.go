package servers

import (
	_ "embed"

	"gpk/test/bench/internal/pki"
)

//go:embed Corefile
var corefile []byte

// DNSUser is whom CoreDNS is to the API server.
const DNSUser = "gpk-bench:coredns"

func coreDNS() program {
	return program{
		clients: []client{{"coredns.kubeconfig", pki.Pair{Name: "coredns", User: DNSUser}}},
		files:   []file{{"Corefile", corefile}},
		service: multicall("coredns", "-conf", etcFile("Corefile")),
	}
}
