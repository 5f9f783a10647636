// Package network decides which addresses a bench uses. It owns the layout of
// the one /16 an instance takes, and the choice of a block that clashes with
// nothing on the host.
package network

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// MaxNodes is how many nodes the layout has room for; every machine has a
// route to each of them from the start.
const MaxNodes = 8

// Layout is the addresses of one instance, all of them inside Block:
//
//	.0.0/24     machines: .1 host, .2 control plane, .3 simulator, .11 node1, .12 node2 …
//	.64.0/18    pods, a /24 for each node; from .96 on those of simulated nodes
//	.128.0/18   Services
type Layout struct {
	Block netip.Prefix `json:"block"`
}

// Host is the host's own address on the bench's network.
func (l Layout) Host() netip.Addr { return l.at(0, 1) }

// Control is the address of the control plane: the API server and DNS.
func (l Layout) Control() netip.Addr { return l.at(0, 2) }

// Simulator is the address of the machine that plays simulated nodes.
func (l Layout) Simulator() netip.Addr { return l.at(0, 3) }

// Node is the address of node n, counted from 1.
func (l Layout) Node(n int) netip.Addr { return l.at(0, 10+small(n)) }

// Machines is the network that all machines and the host are on.
func (l Layout) Machines() netip.Prefix { return netip.PrefixFrom(l.at(0, 0), 24) }

// Pods is the range that holds every pod.
func (l Layout) Pods() netip.Prefix { return netip.PrefixFrom(l.at(64, 0), 18) }

// NodePods is the range of node n's pods.
func (l Layout) NodePods(n int) netip.Prefix { return netip.PrefixFrom(l.at(64+small(n), 0), 24) }

// SimulatedPods is the range of the pods that simulated nodes pretend to run.
func (l Layout) SimulatedPods() netip.Prefix { return netip.PrefixFrom(l.at(96, 0), 19) }

// Services is the range of cluster IPs.
func (l Layout) Services() netip.Prefix { return netip.PrefixFrom(l.at(128, 0), 18) }

// APIService is the cluster IP of the Service default/kubernetes: by
// Kubernetes' own rule the first of the range.
func (l Layout) APIService() netip.Addr { return l.at(128, 1) }

// DNSService is the cluster IP of kube-dns, the tenth by custom.
func (l Layout) DNSService() netip.Addr { return l.at(128, 10) }

func (l Layout) at(third, fourth byte) netip.Addr {
	a := l.Block.Addr().As4()
	a[2], a[3] = third, fourth
	return netip.AddrFrom4(a)
}

// small is a node's number, which MaxNodes keeps small, as a part of an address.
func small(n int) byte { return byte(n) }

// Choose takes the first private /16 that overlaps nothing of taken, beginning
// at a place that seed picks: two instances that start at the same moment then
// rarely want the same block.
func Choose(taken []netip.Prefix, seed uint32) (Layout, error) {
	blocks := candidates()
	for i := range len(blocks) {
		block := blocks[(int(seed)+i)%len(blocks)]
		if !overlapsAny(block, taken) {
			return Layout{Block: block}, nil
		}
	}
	return Layout{}, fmt.Errorf("no free /16 among %s to %s: remove a route or an interface that takes them", blocks[0], blocks[len(blocks)-1])
}

// candidates are upper 10.0.0.0/8, where few home, office and cloud networks live.
func candidates() []netip.Prefix {
	var blocks []netip.Prefix
	for second := range uint32(54) {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], 10<<24|(200+second)<<16)
		blocks = append(blocks, netip.PrefixFrom(netip.AddrFrom4(a), 16))
	}
	return blocks
}

func overlapsAny(block netip.Prefix, taken []netip.Prefix) bool {
	for _, t := range taken {
		if block.Overlaps(t) {
			return true
		}
	}
	return false
}
