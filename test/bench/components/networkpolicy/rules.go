package networkpolicy

import (
	"fmt"
	"slices"
	"strings"

	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The chains, in the table mangle: what is forwarded passes it after its address
// was translated and before kube-proxy's rules, which let some of it through.
const (
	table   = "mangle"
	entry   = "BENCH-POLICIES"
	egress  = "BENCH-EGRESS"
	ingress = "BENCH-INGRESS"
)

// Rules are input for `iptables-restore --noflush`: they replace the chains as a
// whole, in one go. Each chain drops what it has to and returns from what is
// allowed, so that what one pod may send still has to be what the other may hear.
func (s State) Rules() (string, error) {
	out, err := s.direction(networkingv1.PolicyTypeEgress)
	if err != nil {
		return "", err
	}
	in, err := s.direction(networkingv1.PolicyTypeIngress)
	if err != nil {
		return "", err
	}
	lines := []string{
		"*" + table, ":" + entry + " - [0:0]", ":" + egress + " - [0:0]", ":" + ingress + " - [0:0]",
		"-A " + entry + " -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
		"-A " + entry + " -j " + egress,
		"-A " + entry + " -j " + ingress,
	}
	lines = append(append(append(lines, out...), in...), "COMMIT", "")
	return strings.Join(lines, "\n"), nil
}

// direction is one chain: for each pod of this node that a policy of the type
// selects, what is allowed, and then that nothing else is.
func (s State) direction(t networkingv1.PolicyType) ([]string, error) {
	chain, own, other := ingress, "-d", "-s"
	if t == networkingv1.PolicyTypeEgress {
		chain, own, other = egress, "-s", "-d"
	}
	var lines []string
	for _, pod := range s.pods() {
		if pod.Spec.NodeName != s.Node {
			continue
		}
		policies, err := s.policiesOf(pod, t)
		if err != nil {
			return nil, err
		}
		if len(policies) == 0 {
			continue
		}
		rule := fmt.Sprintf("-A %s %s %s/32", chain, own, pod.Status.PodIP)
		mine := []string{fmt.Sprintf("%s %s %s/32 -j RETURN", rule, other, pod.Status.PodIP)}
		for _, policy := range policies {
			allowed, err := s.allowed(policy, t, pod)
			if err != nil {
				return nil, fmt.Errorf("policy %s/%s: %w", policy.Namespace, policy.Name, err)
			}
			for _, a := range allowed {
				mine = append(mine, fmt.Sprintf("%s %s %s%s -j RETURN", rule, other, a.addresses, a.port))
			}
		}
		slices.Sort(mine)
		lines = append(append(lines, slices.Compact(mine)...), rule+" -j DROP")
	}
	return lines, nil
}

// allowance is one other side and one match of ports, empty for all.
type allowance struct {
	end
	port string
}

func (s State) allowed(policy *networkingv1.NetworkPolicy, t networkingv1.PolicyType, pod *v1.Pod) ([]allowance, error) {
	var allowed []allowance
	add := func(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) error {
		ends, err := s.ends(policy.Namespace, peers)
		if err != nil {
			return err
		}
		for _, e := range ends {
			listens := pod // whose names of ports they are
			if t == networkingv1.PolicyTypeEgress {
				listens = e.pod
			}
			for _, match := range portMatches(ports, listens) {
				allowed = append(allowed, allowance{e, match})
			}
		}
		return nil
	}
	if t == networkingv1.PolicyTypeEgress {
		for _, rule := range policy.Spec.Egress {
			if err := add(rule.To, rule.Ports); err != nil {
				return nil, err
			}
		}
		return allowed, nil
	}
	for _, rule := range policy.Spec.Ingress {
		if err := add(rule.From, rule.Ports); err != nil {
			return nil, err
		}
	}
	return allowed, nil
}

// portMatches are the packet filter's words for a rule's ports; none named are all.
func portMatches(ports []networkingv1.NetworkPolicyPort, listens *v1.Pod) []string {
	if len(ports) == 0 {
		return []string{""}
	}
	var found []string
	for _, p := range ports {
		protocol := v1.ProtocolTCP
		if p.Protocol != nil {
			protocol = *p.Protocol
		}
		match := " -p " + strings.ToLower(string(protocol))
		switch {
		case p.Port == nil:
			found = append(found, match)
		case p.Port.Type == intstr.String:
			for _, number := range named(listens, p.Port.StrVal, protocol) {
				found = append(found, fmt.Sprintf("%s --dport %d", match, number))
			}
		case p.EndPort != nil:
			found = append(found, fmt.Sprintf("%s --dport %d:%d", match, p.Port.IntVal, *p.EndPort))
		default:
			found = append(found, fmt.Sprintf("%s --dport %d", match, p.Port.IntVal))
		}
	}
	return found
}

// named are the ports of that name; an address that is no pod's has none.
func named(pod *v1.Pod, name string, protocol v1.Protocol) []int32 {
	var ports []int32
	if pod == nil {
		return nil
	}
	for _, c := range pod.Spec.Containers {
		for _, p := range c.Ports {
			if p.Name == name && p.Protocol == protocol {
				ports = append(ports, p.ContainerPort)
			}
		}
	}
	return ports
}
