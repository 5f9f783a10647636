//go:build e2e

package e2e

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// bench runs a command of the bench, for what no API can do to a cluster.
func (c *cluster) bench(args ...string) {
	c.t.Helper()
	if shared.bench == "" {
		c.t.Skip("GPK_TEST_BENCH names no bench whose machines could be lost")
	}
	began := time.Now()
	if out, err := exec.CommandContext(c.ctx, shared.bench, args...).CombinedOutput(); err != nil {
		c.t.Fatalf("bench %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	c.t.Logf("bench %s took %.1fs", strings.Join(args, " "), time.Since(began).Seconds())
}

// TestAPIServerRestarted kills the API server while gpinitsystem runs: every stream is cut, and gpk finds its way back. It
// is alone, since no other test expects that.
func TestAPIServerRestarted(t *testing.T) {
	c := newCluster(t, small())
	creating := c.start("create", "-f", c.file)
	c.freeze()
	c.bench("restart-apiserver")
	c.thaw()
	creating.wait().want(t, 0)
	c.wantWhole(small())
	c.wantInitialisedOnce()
}

// TestNodeLost cuts the power of the node that gpinitsystem runs on. gpk says which pod it waits for; when the node is back,
// another create finishes.
func TestNodeLost(t *testing.T) {
	c := newCluster(t, small())
	creating := c.start("create", "-f", c.file)
	c.freeze()
	pod, err := shared.client.CoreV1().Pods(c.namespace).Get(c.ctx, coordinator, metav1.GetOptions{})
	c.must(nil, err)
	node := pod.Spec.NodeName
	c.t.Cleanup(func() { _ = exec.Command(shared.bench, "start-node", node).Run() })
	c.bench("kill-node", node)
	if lost := creating.wait().want(t, 1).says(t, "step initialise", coordinator, node, "next:"); lost.took > 4*time.Minute {
		t.Errorf("it took %s to say that a pod does not answer", lost.took)
	}
	c.bench("start-node", node)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantWhole(small())
}

// TestPortsClosed lets the cluster's pods reach each other by ssh only. That is found before gpinitsystem runs into it.
func TestPortsClosed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	if shared.bench == "" {
		t.Skip("GPK_TEST_BENCH names no bench, and not every cluster enforces NetworkPolicies")
	}
	to := func(protocol corev1.Protocol, port int) networkingv1.NetworkPolicyPort {
		return networkingv1.NetworkPolicyPort{Protocol: &protocol, Port: new(intstr.FromInt(port))}
	}
	policies := shared.client.NetworkingV1().NetworkPolicies(c.namespace)
	c.must(policies.Create(c.ctx, &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: "ssh-only"},
		Spec: networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
			Egress: []networkingv1.NetworkPolicyEgressRule{{Ports: []networkingv1.NetworkPolicyPort{
				to(corev1.ProtocolTCP, 22), to(corev1.ProtocolTCP, 53), to(corev1.ProtocolUDP, 53)}}}},
	}, metav1.CreateOptions{}))
	c.gpk("create", "-f", c.file).want(t, 1).says(t, "step network", "demo-coordinator-0", "demo-primary-0", "40000", "network policy", "next:")
	if begun := c.in(coordinator, "ls /greenplum/.gpk/jobs"); begun != "" {
		t.Errorf("these were begun all the same: %s", begun)
	}
	c.must(nil, policies.Delete(c.ctx, "ssh-only", metav1.DeleteOptions{}))
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantWhole(small())
}
