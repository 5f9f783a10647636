//go:build e2e

package e2e

import (
	"regexp"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// ports are those from first to last, of TCP; DNS answers over both protocols.
type ports struct{ first, last int32 }

var dns = ports{53, 53}

// only lets connections out of the namespace's pods to these ports and no others, until the function is called that it returns.
func (c *cluster) only(open ...ports) (lift func()) {
	c.t.Helper()
	return c.onlyFrom("", open...)
}

// onlyFrom is only for one pod, or for all if it is empty.
func (c *cluster) onlyFrom(pod string, open ...ports) (lift func()) {
	c.t.Helper()
	if shared.bench == "" {
		c.t.Skip("GPK_TEST_BENCH names no bench, and not every cluster enforces NetworkPolicies")
	}
	var rule networkingv1.NetworkPolicyEgressRule
	for _, p := range open {
		protocols := []corev1.Protocol{corev1.ProtocolTCP}
		if p == dns {
			protocols = append(protocols, corev1.ProtocolUDP)
		}
		for _, protocol := range protocols {
			rule.Ports = append(rule.Ports, networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: new(intstr.FromInt32(p.first)), EndPort: &p.last})
		}
	}
	var selected metav1.LabelSelector
	if pod != "" {
		selected.MatchLabels = map[string]string{"statefulset.kubernetes.io/pod-name": pod}
	}
	policies := shared.Client.NetworkingV1().NetworkPolicies(c.namespace)
	c.must(policies.Create(c.ctx, &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "somebodys"},
		Spec: networkingv1.NetworkPolicySpec{PodSelector: selected, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress: []networkingv1.NetworkPolicyEgressRule{rule}},
	}, metav1.CreateOptions{}))
	return func() {
		c.t.Helper()
		c.must(nil, policies.Delete(c.ctx, "somebodys", metav1.DeleteOptions{}))
	}
}

// TestPortsClosed lets the cluster's pods reach each other by ssh only. That is found before gpinitsystem runs into it.
func TestPortsClosed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	lift := c.only(dns, ports{22, 22})
	c.gpk("create", "-f", c.file).want(t, 1).says(t, "step network", "from pod demo-coordinator-0 to pod demo-primary-0, port 40000", "network policy", "next:")
	c.finishes(small(), lift)
}

// TestSSHClosed lets everything through but ssh.
func TestSSHClosed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	lift := c.only(dns, ports{54, 65535})
	r := c.gpk("create", "-f", c.file).want(t, 1).says(t, "step network", "pod demo-coordinator-0 did not reach every host", "next:")
	if !regexp.MustCompile(`demo-primary-0\S*: ssh: .* port 22: Connection timed out`).MatchString(r.stderr) {
		t.Errorf("it does not say to which pod and port no connection came about:\n%s", r.stderr)
	}
	c.finishes(small(), lift)
}

// TestStandbyClosed keeps the standby's pod from the other pods' ssh. gpinitsystem would do without; a failover would not.
func TestStandbyClosed(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, standby: true}
	c := newCluster(t, s)
	lift := c.onlyFrom("demo-coordinator-1", dns, ports{54, 65535})
	c.gpk("create", "-f", c.file).want(t, 1).says(t, "step network", "from pod demo-coordinator-1 to pod demo-primary-0, port 22: no answer", "next:")
	c.finishes(s, lift)
}

// TestDNSLate has the pods find no names at first. create waits, says for what, and goes on as soon as they do.
func TestDNSLate(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	lift := c.only(ports{22, 22}, ports{54, 65535})
	creating := c.start("create", "-f", c.file, "--verbose")
	c.patiently("gpk says what it waits for", func() (bool, error) {
		return regexp.MustCompile(`demo-primary-0\S*: the DNS did not answer`).MatchString(creating.err.String()), nil
	})
	c.wantNothingBegun()
	lift()
	creating.wait().want(t, 0)
	c.wantWhole(small())
	c.wantInitialisedOnce()
}

// finishes opens the network again, for another create to finish what the first one found in its way.
func (c *cluster) finishes(s shape, lift func()) {
	c.t.Helper()
	c.wantNothingBegun()
	lift()
	c.gpk("create", "-f", c.file).want(c.t, 0)
	c.wantWhole(s)
	c.wantInitialisedOnce()
}

// wantNothingBegun fails the test if a utility has been started.
func (c *cluster) wantNothingBegun() {
	c.t.Helper()
	if begun := c.in(coordinator, "ls /greenplum/.gpk/jobs"); begun != "" {
		c.t.Errorf("these were begun all the same: %s", begun)
	}
}
