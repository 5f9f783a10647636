package templates_test

import (
	"strings"
	"testing"
)

// A cluster.yaml with another DNS domain than the kubelet's is no riddle.
func TestReachNamesTheDomain(t *testing.T) {
	p := newPod(t)
	p.fake("getent", "exit 2")
	for search, want := range map[string]string{
		"sales.svc.k8s.example svc.k8s.example k8s.example demo.sales.svc.cluster.local": "the DNS has no address for it, " +
			"and spec.network.clusterDomain is not k8s.example, as /etc/resolv.conf of this pod says",
		"sales.svc.k8s.example svc.k8s.example k8s.example demo.sales.svc.k8s.example": "the DNS has no address for it",
		"k8s.example": "the DNS has no address for it",
	} {
		p.write("etc/resolv.conf", "nameserver 10.0.0.10\nsearch "+search+"\noptions ndots:5\n")
		if out := p.must([]byte("demo-0"), "reach.sh"); strings.ReplaceAll(out, p.root, "") != "demo-0 "+want+"\n" {
			t.Errorf("with %q: got %q, want %q", search, out, want)
		}
	}
}
