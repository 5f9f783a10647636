package networkpolicy

import (
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"sigs.k8s.io/yaml"
)

// cluster has pods of a database and of its clients, on two nodes.
const cluster = `
Node: node1
Namespaces:
  - metadata: {name: db, labels: {name: db}}
  - metadata: {name: clients, labels: {name: clients}}
Pods:
  - metadata: {namespace: db, name: a, labels: {app: db}}
    spec: {nodeName: node1, containers: [{ports: [{name: ssh, containerPort: 22, protocol: TCP}]}]}
    status: {podIP: 10.0.65.2}
  - metadata: {namespace: db, name: b, labels: {app: db}}
    spec: {nodeName: node2, containers: [{ports: [{name: ssh, containerPort: 2222, protocol: TCP}]}]}
    status: {podIP: 10.0.66.2}
  - {metadata: {namespace: db, name: other}, spec: {nodeName: node1}, status: {podIP: 10.0.65.3}}
  - {metadata: {namespace: db, name: ended, labels: {app: db}}, spec: {nodeName: node1}, status: {podIP: 10.0.65.4, phase: Succeeded}}
  - {metadata: {namespace: db, name: host, labels: {app: db}}, spec: {nodeName: node1, hostNetwork: true}, status: {podIP: 10.0.0.11}}
  - {metadata: {namespace: db, name: new, labels: {app: db}}, spec: {nodeName: node1}}
  - {metadata: {namespace: clients, name: c, labels: {app: c}}, spec: {nodeName: node1}, status: {podIP: 10.0.65.5}}
  - {metadata: {namespace: clients, name: d, labels: {app: d}}, spec: {nodeName: node2}, status: {podIP: 10.0.66.5}}
`

func TestRules(t *testing.T) {
	tests := []struct {
		name, spec string
		want       []string // of the chains that depend on policies
	}{
		{"nothing selected", `{podSelector: {matchLabels: {app: none}}, policyTypes: [Ingress, Egress]}`, nil},
		{"nothing allowed", `{podSelector: {}, policyTypes: [Ingress]}`, []string{
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.65.2/32 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -j DROP",
			"-A BENCH-INGRESS -d 10.0.65.3/32 -s 10.0.65.3/32 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.3/32 -j DROP",
		}},
		{"all allowed", `{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{}]}`, []string{
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 0.0.0.0/0 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.65.2/32 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -j DROP",
		}},
		{"pods of the same namespace, ports of each kind", `{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress],
			ingress: [{from: [{podSelector: {matchLabels: {app: db}}}],
				ports: [{port: ssh}, {port: 40000, endPort: 40099}, {port: 53, protocol: UDP}]}]}`, []string{
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.65.2/32 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.65.2/32 -p tcp --dport 22 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.65.2/32 -p tcp --dport 40000:40099 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.65.2/32 -p udp --dport 53 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.66.2/32 -p tcp --dport 22 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.66.2/32 -p tcp --dport 40000:40099 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.66.2/32 -p udp --dport 53 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -j DROP",
		}},
		{"another namespace, some of its pods, any port of a protocol", `{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress],
			ingress: [{from: [{namespaceSelector: {matchLabels: {name: clients}}, podSelector: {matchLabels: {app: c}}}],
				ports: [{protocol: TCP}]}]}`, []string{
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.65.2/32 -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -s 10.0.65.5/32 -p tcp -j RETURN",
			"-A BENCH-INGRESS -d 10.0.65.2/32 -j DROP",
		}},
		{"egress: the peer's names of ports, and a block", `{podSelector: {matchLabels: {app: db}}, policyTypes: [Egress],
			egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: ssh}]},
				{to: [{ipBlock: {cidr: 10.0.0.0/30, except: [10.0.0.2/32]}}], ports: [{port: 53, protocol: UDP}]}]}`, []string{
			"-A BENCH-EGRESS -s 10.0.65.2/32 -d 10.0.0.0/31 -p udp --dport 53 -j RETURN",
			"-A BENCH-EGRESS -s 10.0.65.2/32 -d 10.0.0.3/32 -p udp --dport 53 -j RETURN",
			"-A BENCH-EGRESS -s 10.0.65.2/32 -d 10.0.65.2/32 -j RETURN",
			"-A BENCH-EGRESS -s 10.0.65.2/32 -d 10.0.65.2/32 -p tcp --dport 22 -j RETURN",
			"-A BENCH-EGRESS -s 10.0.65.2/32 -d 10.0.66.2/32 -p tcp --dport 2222 -j RETURN",
			"-A BENCH-EGRESS -s 10.0.65.2/32 -j DROP",
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := state(t, tt.spec).Rules()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for line := range strings.Lines(rules) {
				if strings.HasPrefix(line, "-A BENCH-INGRESS") || strings.HasPrefix(line, "-A BENCH-EGRESS") {
					got = append(got, strings.TrimSpace(line))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
			accepted(t, rules)
		})
	}
}

func state(t *testing.T, spec string) State {
	t.Helper()
	var s State
	if err := yaml.UnmarshalStrict([]byte(cluster), &s); err != nil {
		t.Fatal(err)
	}
	policy := &networkingv1.NetworkPolicy{}
	policy.Namespace, policy.Name = "db", "p"
	if err := yaml.UnmarshalStrict([]byte(spec), &policy.Spec); err != nil {
		t.Fatal(err)
	}
	s.Policies = append(s.Policies, policy)
	return s
}

// accepted has iptables-restore itself read the rules, in a network of their own, twice.
func accepted(t *testing.T, rules string) {
	t.Helper()
	if exec.Command("unshare", "--net", "iptables-restore", "--version").Run() != nil {
		return // not root, or none installed: the bench's own test has both
	}
	script := `printf %s "$0" | iptables-restore --noflush && printf %s "$0" | iptables-restore --noflush && iptables-save -t mangle`
	said, err := exec.Command("unshare", "--net", "sh", "-c", script, rules).CombinedOutput()
	if err != nil {
		t.Fatalf("iptables-restore: %v\n%s\n%s", err, said, rules)
	}
	if got, want := strings.Count(string(said), "-A BENCH"), strings.Count(rules, "-A BENCH"); got != want {
		t.Errorf("%d rules are in place, want %d:\n%s", got, want, said)
	}
}

func TestWithout(t *testing.T) {
	tests := []struct {
		block, except string
		want          []string
	}{
		{"10.0.0.0/8", "10.0.0.0/8", nil},
		{"10.1.0.0/16", "10.0.0.0/8", nil},
		{"10.0.0.0/8", "192.168.0.0/16", []string{"10.0.0.0/8"}},
		{"10.0.0.0/30", "10.0.0.0/31", []string{"10.0.0.2/31"}},
		{"10.0.0.0/22", "10.0.2.0/24", []string{"10.0.0.0/23", "10.0.3.0/24"}},
		{"0.0.0.0/0", "128.0.0.0/1", []string{"0.0.0.0/1"}},
	}
	for _, tt := range tests {
		var got []string
		for _, p := range without(netip.MustParsePrefix(tt.block), netip.MustParsePrefix(tt.except)) {
			got = append(got, p.String())
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s without %s is %v, want %v", tt.block, tt.except, got, tt.want)
		}
	}
}

func TestPeersFollowThePods(t *testing.T) {
	s := state(t, `{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}`)
	before, err := s.Rules()
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(s.Pods)
	if again, err := s.Rules(); err != nil || again != before {
		t.Errorf("the order of what is watched shows in the rules, %v", err)
	}
	s.Pods = slices.DeleteFunc(s.Pods, func(p *v1.Pod) bool { return p.Name == "other" })
	after, err := s.Rules()
	if err != nil || !strings.Contains(before, "-s 10.0.65.3/32") || strings.Contains(after, "-s 10.0.65.3/32") {
		t.Errorf("a pod that is gone is still a peer, %v:\n%s", err, after)
	}
}
