package kube

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/servers"
)

// creators is how many nodes are made at the same time.
const creators = 16

// Simulated is the name of a simulated node, counted from 1.
func Simulated(n int) string { return fmt.Sprintf("sim-%04d", n) }

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
	failures := make([]error, creators)
	var all sync.WaitGroup
	for w := range creators {
		all.Go(func() {
			for node := range missing {
				if err := c.createNode(ctx, node); err != nil {
					failures[w] = err
					return
				}
			}
		})
	}
	all.Wait()
	if err := errors.Join(failures...); err != nil {
		return err
	}
	return c.WaitNodes(ctx, names, time.Time{})
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
