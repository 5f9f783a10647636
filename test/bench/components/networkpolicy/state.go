// Package networkpolicy keeps one node's packet filter in step with the cluster's
// NetworkPolicies. It is for tests: a plain list of rules over IPv4, made anew
// whenever something changes.
//
// What a pod says to itself or hears from its own node, whose kubelet probes it,
// is never filtered; nor is what belongs to a connection that was allowed. A
// policy takes hold of a pod when the pod's address is known, a moment after it
// was given; until a moment later the pod's peers may not yet know it either.
package networkpolicy

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	v1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// State is what the rules of a node follow from: all there is in the cluster.
type State struct {
	Node       string // whose rules they are
	Pods       []*v1.Pod
	Namespaces []*v1.Namespace
	Policies   []*networkingv1.NetworkPolicy
}

// pods are those that have an address of their own, by name.
func (s State) pods() []*v1.Pod {
	var pods []*v1.Pod
	for _, p := range s.Pods {
		ended := p.Status.Phase == v1.PodSucceeded || p.Status.Phase == v1.PodFailed
		if p.Status.PodIP != "" && !p.Spec.HostNetwork && !ended {
			pods = append(pods, p)
		}
	}
	slices.SortFunc(pods, func(a, b *v1.Pod) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return pods
}

// policiesOf are those of a type that select a pod, by name.
func (s State) policiesOf(pod *v1.Pod, t networkingv1.PolicyType) ([]*networkingv1.NetworkPolicy, error) {
	var policies []*networkingv1.NetworkPolicy
	for _, p := range s.Policies {
		if p.Namespace != pod.Namespace || !slices.Contains(p.Spec.PolicyTypes, t) {
			continue
		}
		selected, err := matches(&p.Spec.PodSelector, pod.Labels)
		if err != nil {
			return nil, fmt.Errorf("policy %s/%s: %w", p.Namespace, p.Name, err)
		}
		if selected {
			policies = append(policies, p)
		}
	}
	slices.SortFunc(policies, func(a, b *networkingv1.NetworkPolicy) int { return cmp.Compare(a.Name, b.Name) })
	return policies, nil
}

// An end is the other side of what a policy allows: a pod, or a range of addresses.
type end struct {
	addresses netip.Prefix
	pod       *v1.Pod // none for a range
}

// ends are all those that a rule's peers name; none named are all there are.
func (s State) ends(namespace string, peers []networkingv1.NetworkPolicyPeer) ([]end, error) {
	if len(peers) == 0 {
		return []end{{addresses: netip.PrefixFrom(netip.IPv4Unspecified(), 0)}}, nil
	}
	var ends []end
	for _, peer := range peers {
		if peer.IPBlock != nil {
			blocks, err := ranges(peer.IPBlock)
			if err != nil {
				return nil, err
			}
			for _, b := range blocks {
				ends = append(ends, end{addresses: b})
			}
			continue
		}
		for _, pod := range s.pods() {
			selected, err := s.selects(peer, namespace, pod)
			if err != nil {
				return nil, err
			}
			if address, err := netip.ParseAddr(pod.Status.PodIP); selected && err == nil && address.Is4() {
				ends = append(ends, end{netip.PrefixFrom(address, 32), pod})
			}
		}
	}
	return ends, nil
}

// selects says whether a peer of a policy in a namespace is meant to be that pod.
func (s State) selects(peer networkingv1.NetworkPolicyPeer, namespace string, pod *v1.Pod) (bool, error) {
	if peer.NamespaceSelector == nil && pod.Namespace != namespace {
		return false, nil
	}
	if peer.NamespaceSelector != nil {
		if inside, err := matches(peer.NamespaceSelector, s.namespaceLabels(pod.Namespace)); err != nil || !inside {
			return false, err
		}
	}
	if peer.PodSelector == nil {
		return true, nil
	}
	return matches(peer.PodSelector, pod.Labels)
}

func (s State) namespaceLabels(name string) map[string]string {
	for _, ns := range s.Namespaces {
		if ns.Name == name {
			return ns.Labels
		}
	}
	return nil
}

func matches(selector *metav1.LabelSelector, set map[string]string) (bool, error) {
	compiled, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return false, err
	}
	return compiled.Matches(labels.Set(set)), nil
}

// ranges are what is left of a block without its exceptions. A rule of the packet
// filter can't leave out, so the block is cut in halves until nothing has to be.
func ranges(block *networkingv1.IPBlock) ([]netip.Prefix, error) {
	whole, err := netip.ParsePrefix(block.CIDR)
	if err != nil {
		return nil, err
	}
	if !whole.Addr().Is4() {
		return nil, nil // no pod has such an address
	}
	left := []netip.Prefix{whole.Masked()}
	for _, text := range block.Except {
		except, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, err
		}
		var next []netip.Prefix
		for _, p := range left {
			next = append(next, without(p, except.Masked())...)
		}
		left = next
	}
	return left, nil
}

func without(p, except netip.Prefix) []netip.Prefix {
	switch {
	case !p.Overlaps(except):
		return []netip.Prefix{p}
	case except.Bits() <= p.Bits():
		return nil
	}
	low := netip.PrefixFrom(p.Addr(), p.Bits()+1)
	upper := p.Addr().As4()
	upper[p.Bits()/8] |= 0x80 >> (p.Bits() % 8)
	high := netip.PrefixFrom(netip.AddrFrom4(upper), p.Bits()+1)
	return append(without(low, except), without(high, except)...)
}
