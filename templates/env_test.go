package templates_test

import "testing"

// Hosts are looked up below their Service first, whatever else has the name of a pod. Where the kubelet names no domain, what gpk has added counts.
func TestDomains(t *testing.T) {
	for name, test := range map[string]struct{ service, search, want string }{
		"the kubelet's": {"demo", "sales.svc.cluster.local svc.cluster.local cluster.local corp.example",
			"demo.sales.svc.cluster.local sales.svc.cluster.local svc.cluster.local cluster.local corp.example"},
		"a domain of one's own": {"demo", "sales.svc.k8s.example svc.k8s.example k8s.example",
			"demo.sales.svc.k8s.example sales.svc.k8s.example svc.k8s.example k8s.example"},
		"given": {"demo", "corp.example demo.sales.svc.k8s.example", "demo.sales.svc.k8s.example corp.example demo.sales.svc.k8s.example"},
		"guessed": {"demo", "sales.svc.k8s.example demo.sales.svc.cluster.local",
			"demo.sales.svc.k8s.example sales.svc.k8s.example demo.sales.svc.cluster.local"},
		"none of a Kubernetes":           {"demo", "corp.example", ""},
		"a pod of an earlier gpk's form": {"", "sales.svc.cluster.local svc.cluster.local cluster.local", ""},
	} {
		p := newPod(t)
		p.env = append(p.env, "GPK_HOSTS_SERVICE="+test.service)
		p.write("etc/resolv.conf", "nameserver 10.0.0.10\nsearch "+test.search+"\noptions ndots:5\n")
		if got := p.must(nil, "run.sh", "/bin/bash", "-c", `echo "${LOCALDOMAIN-}"`); got != test.want+"\n" {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
