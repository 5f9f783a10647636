package templates_test

import (
	"strings"
	"testing"
)

// A host whose name is of another domain than the kubelet's is no riddle.
func TestReachNamesTheDomain(t *testing.T) {
	p := newPod(t)
	p.fake("getent", "exit 2")
	p.write("etc/resolv.conf", "nameserver 10.0.0.10\nsearch sales.svc.k8s.example svc.k8s.example k8s.example\noptions ndots:5\n")
	for host, want := range map[string]string{
		"demo-0.demo.sales.svc.cluster.local": "the DNS has no address for it, and spec.network.clusterDomain is not k8s.example, as /etc/resolv.conf of this pod says",
		"demo-0.demo.sales.svc.k8s.example":   "the DNS has no address for it",
	} {
		if out := p.must([]byte(host), "reach.sh"); strings.ReplaceAll(out, p.root, "") != host+" "+want+"\n" {
			t.Errorf("got %q, want %q", out, want)
		}
	}
}
