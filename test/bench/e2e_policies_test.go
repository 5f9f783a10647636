//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

// testPolicies sees NetworkPolicies taken seriously: between nodes, on one node,
// by name of a port, through a Service, in both directions, and their end.
func testPolicies(t *testing.T, c clusterUnderTest) {
	near := newPod(t, "near", "node2") // where two is
	near.Spec.Volumes, near.Spec.Containers[0].VolumeMounts = nil, nil
	c.create(t, near)
	c.waitRunning(t, "near")
	for _, from := range []string{"one", "near"} {
		c.reaches(t, from, "two", "two.t", "22")
	}

	c.policy(t, `{podSelector: {matchLabels: {pod: two}}, policyTypes: [Ingress],
		ingress: [{from: [{podSelector: {matchLabels: {pod: one}}}], ports: [{port: ssh}]}]}`)
	c.reachesNot(t, "near", "two.t", "22")
	c.reachesNot(t, "near", "two", "80")
	c.reaches(t, "one", "two", "two.t", "22")
	c.reaches(t, "one", "two", "two", "80")
	c.want(t, "two", "two", "hostname") // its own kubelet is let in

	c.policy(t, `{podSelector: {matchLabels: {pod: two}}, policyTypes: [Ingress],
		ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: `+testNamespace+`}}}],
			ports: [{port: 23, endPort: 80}]}]}`)
	c.reachesNot(t, "one", "two.t", "22")

	c.policy(t, `{podSelector: {matchLabels: {pod: near}}, policyTypes: [Egress],
		egress: [{ports: [{port: 53, protocol: UDP}]}]}`)
	c.reaches(t, "one", "two", "two.t", "22")
	c.reachesNot(t, "near", "two.t", "22")
	if out, err := c.exec(t.Context(), "near", "nslookup", "two.t."+testNamespace+".svc.cluster.local"); err != nil {
		t.Errorf("DNS, which is allowed, doesn't answer: %v\n%s", err, out)
	}

	if err := c.NetworkingV1().NetworkPolicies(testNamespace).Delete(t.Context(), "p", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	c.reaches(t, "near", "two", "two.t", "22")
	c.removePod(t, "near")
}

// policy has one policy in the namespace, with that for its spec.
func (c clusterUnderTest) policy(t *testing.T, spec string) {
	t.Helper()
	policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "p"}}
	if err := yaml.UnmarshalStrict([]byte(spec), &policy.Spec); err != nil {
		t.Fatal(err)
	}
	policies := c.NetworkingV1().NetworkPolicies(testNamespace)
	_, err := policies.Update(t.Context(), policy, metav1.UpdateOptions{})
	if err != nil {
		_, err = policies.Create(t.Context(), policy, metav1.CreateOptions{})
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (c clusterUnderTest) reaches(t *testing.T, from, name, host, port string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		out, err := c.exec(t.Context(), from, "nc", "-w", "2", host, port)
		if err != nil || strings.TrimSpace(out) != name {
			return fmt.Errorf("%s reaches %s:%s: %q, %w; want %q", from, host, port, out, err, name)
		}
		return nil
	})
}

// reachesNot wants silence: packets are dropped, not refused.
func (c clusterUnderTest) reachesNot(t *testing.T, from, host, port string) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		out, err := c.exec(t.Context(), from, "nc", "-w", "1", host, port)
		if err == nil || !strings.Contains(out, "timed out") {
			return fmt.Errorf("%s reaches %s:%s: %q, %w; want no answer", from, host, port, out, err)
		}
		return nil
	})
}
