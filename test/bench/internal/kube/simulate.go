package kube

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/servers"
)

// creators is how many nodes are made at the same time.
const creators = 16

const simulatedPrefix = "sim-"

// Simulated is the name of a simulated node, counted from 1.
func Simulated(n int) string { return fmt.Sprintf("%s%04d", simulatedPrefix, n) }

// Simulate makes those of the first count simulated nodes that are not there,
// and waits until all are ready. Their kubelet is the simulator.
func (c *Client) Simulate(ctx context.Context, count int, simulator netip.Addr, port int64) error {
	nodes, err := c.Nodes(ctx)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, n := range nodes {
		there[n.Name] = true
	}
	var names []string
	missing := make(chan *unstructured.Unstructured, count)
	for n := 1; n <= count; n++ {
		names = append(names, Simulated(n))
		if !there[Simulated(n)] {
			missing <- simulatedNode(n, simulator, port)
		}
	}
	close(missing)
	if err := each(missing, func(node *unstructured.Unstructured) error { return c.createNode(ctx, node) }); err != nil {
		return err
	}
	if err := c.WaitNodes(ctx, names, time.Time{}); err != nil {
		return err
	}
	return c.waitLeases(ctx, names)
}

// each does something to all that comes, several at the same time.
func each[T any](all <-chan T, do func(T) error) error {
	failures := make([]error, creators)
	var working sync.WaitGroup
	for w := range creators {
		working.Go(func() {
			for one := range all {
				if err := do(one); err != nil {
					failures[w] = err
					return
				}
			}
		})
	}
	working.Wait()
	return errors.Join(failures...)
}

func (c *Client) leases() dynamic.ResourceInterface {
	leases := schema.GroupVersionResource{Group: "coordination.k8s.io", Version: "v1", Resource: "leases"}
	return c.objects.Resource(leases).Namespace("kube-node-lease")
}

// simulatedLeases are the names of the simulated nodes that the simulator has taken
// charge of, or one before it had.
func (c *Client) simulatedLeases(ctx context.Context) ([]string, error) {
	list, err := c.leases().List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list leases of nodes: %w", err)
	}
	var names []string
	for _, item := range list.Items {
		if strings.HasPrefix(item.GetName(), simulatedPrefix) {
			names = append(names, item.GetName())
		}
	}
	return names, nil
}

// ForgetLeases deletes the leases of simulated nodes, and says how many there
// were. Every run of the simulator is another holder, and does nothing for a node
// whose lease an earlier one holds until that has run out.
func (c *Client) ForgetLeases(ctx context.Context) (int, error) {
	names, err := c.simulatedLeases(ctx)
	if err != nil {
		return 0, err
	}
	stale := make(chan string, len(names))
	for _, name := range names {
		stale <- name
	}
	close(stale)
	return len(names), each(stale, func(name string) error {
		if err := c.leases().Delete(ctx, name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("delete lease: %w", err)
		}
		return nil
	})
}

// waitLeases waits until the simulator has taken charge of all named nodes: they
// are said to be ready before anybody sees to their pods.
func (c *Client) waitLeases(ctx context.Context, names []string) error {
	return Poll(ctx, func(ctx context.Context) error {
		leased, err := c.simulatedLeases(ctx)
		if err != nil {
			return err
		}
		taken := map[string]bool{}
		for _, name := range leased {
			taken[name] = true
		}
		for _, name := range names {
			if !taken[name] {
				return fmt.Errorf("the simulator does not see to %s", name)
			}
		}
		return nil
	})
}

func (c *Client) createNode(ctx context.Context, node *unstructured.Unstructured) error {
	_, err := c.objects.Resource(nodeResource()).Create(ctx, node, metav1.CreateOptions{FieldManager: "gpk-bench"})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("make simulated node: %w", err)
	}
	return nil
}

// simulatedNode is large and empty, and nobody's pods land on it who don't
// tolerate its taint.
func simulatedNode(n int, simulator netip.Addr, port int64) *unstructured.Unstructured {
	name, now := Simulated(n), time.Now().UTC().Format(time.RFC3339)
	resources := map[string]any{"cpu": "32", "memory": "256Gi", "ephemeral-storage": "1Ti", "pods": "110"}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Node",
		"metadata": map[string]any{"name": name, "labels": map[string]any{
			servers.SimulatedLabel:        "true",
			"kubernetes.io/hostname":      name,
			"kubernetes.io/os":            "linux",
			"kubernetes.io/arch":          runtime.GOARCH,
			"topology.kubernetes.io/zone": fmt.Sprintf("z%d", (n-1)%network.MaxNodes+1),
		}},
		"spec": map[string]any{"taints": []any{
			map[string]any{"key": servers.SimulatedLabel, "value": "true", "effect": "NoSchedule"},
		}},
		"status": map[string]any{
			"capacity": resources, "allocatable": resources,
			"addresses": []any{
				map[string]any{"type": "InternalIP", "address": simulator.String()},
				map[string]any{"type": "Hostname", "address": name},
			},
			"conditions": []any{map[string]any{
				"type": "Ready", "status": "True", "reason": "Simulated", "lastHeartbeatTime": now, "lastTransitionTime": now,
			}},
			"daemonEndpoints": map[string]any{"kubeletEndpoint": map[string]any{"Port": port}},
		},
	}}
}
