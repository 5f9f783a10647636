package templates_test

import (
	"strings"
	"testing"
)

// Where a pod cannot find the cluster's domain, the field that names it is no riddle.
func TestReachNamesTheDomain(t *testing.T) {
	p := newPod(t)
	p.fake("getent", "exit 2")
	const none = "the DNS has no address for it"
	const unnamed = none + ", and /etc/resolv.conf of this pod does not name the cluster's domain, as spec.network.clusterDomain can"
	for search, want := range map[string]string{
		"sales.svc.k8s.example svc.k8s.example k8s.example demo.sales.svc.cluster.local": none,
		"demo.sales.svc.k8s.example": unnamed,
		"k8s.example":                unnamed,
	} {
		p.write("etc/resolv.conf", "nameserver 10.0.0.10\nsearch "+search+"\noptions ndots:5\n")
		if out := p.must([]byte("demo-0"), "reach.sh"); strings.ReplaceAll(out, p.root, "") != "demo-0 "+want+"\n" {
			t.Errorf("with %q: got %q, want %q", search, out, want)
		}
	}
}
