// Package kube talks to the bench's API server: it puts in what a cluster needs
// to be whole, and tells when it is.
package kube

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Client is an administrator's view of one bench.
type Client struct {
	objects dynamic.Interface
	raw     *rest.RESTClient
}

// Open uses a kubeconfig and nothing else: neither KUBECONFIG nor the home
// folder leads a bench to someone else's cluster.
func Open(kubeconfig string) (*Client, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	config.Timeout = 5 * time.Second
	config.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil } // whatever HTTPS_PROXY says
	config.QPS = -1
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("use kubeconfig: %w", err)
	}
	raw, err := rest.UnversionedRESTClientFor(rawConfig(config))
	if err != nil {
		return nil, fmt.Errorf("use kubeconfig: %w", err)
	}
	return &Client{objects: objects, raw: raw}, nil
}

// Ready asks the API server whether it is ready to serve.
func (c *Client) Ready(ctx context.Context) error {
	return c.raw.Get().AbsPath("/readyz").Do(ctx).Error()
}

// resourceOf names the resource of a kind that is in the bench's manifests.
func resourceOf(kind string) (string, error) {
	switch kind {
	case "Service", "EndpointSlice", "ClusterRole", "ClusterRoleBinding":
		return strings.ToLower(kind) + "s", nil
	case "StorageClass":
		return "storageclasses", nil
	}
	return "", fmt.Errorf("a kind this bench doesn't know: %s", kind)
}

// Apply makes the objects what they should be, whatever they were.
func (c *Client) Apply(ctx context.Context, objects []*unstructured.Unstructured) error {
	for _, o := range objects {
		resource, err := resourceOf(o.GetKind())
		if err != nil {
			return fmt.Errorf("apply %s: %w", o.GetName(), err)
		}
		where := c.objects.Resource(o.GroupVersionKind().GroupVersion().WithResource(resource))
		var in dynamic.ResourceInterface = where
		if ns := o.GetNamespace(); ns != "" {
			in = where.Namespace(ns)
		}
		_, err = in.Apply(ctx, o.GetName(), o, metav1.ApplyOptions{FieldManager: "gpk-bench", Force: true})
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return nil
}

// Node is what the API server knows of a node.
type Node struct {
	Name  string
	Ready bool      // and not kept from running pods because it was not
	Seen  time.Time // when its kubelet last said so
}

func nodeResource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Version: "v1", Resource: "nodes"}
}

// Nodes lists the nodes, by name.
func (c *Client) Nodes(ctx context.Context) ([]Node, error) {
	list, err := c.objects.Resource(nodeResource()).List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, fmt.Errorf("list nodes: %w", err)
	}
	var nodes []Node
	for _, item := range list.Items {
		nodes = append(nodes, nodeOf(item))
	}
	return nodes, nil
}

func nodeOf(item unstructured.Unstructured) Node {
	node := Node{Name: item.GetName()}
	conditions, _, _ := unstructured.NestedSlice(item.Object, "status", "conditions")
	for _, c := range conditions {
		condition, ok := c.(map[string]any)
		if !ok || condition["type"] != "Ready" {
			continue
		}
		node.Ready = condition["status"] == "True"
		if at, ok := condition["lastHeartbeatTime"].(string); ok {
			node.Seen, _ = time.Parse(time.RFC3339, at)
		}
	}
	taints, _, _ := unstructured.NestedSlice(item.Object, "spec", "taints")
	for _, t := range taints {
		if taint, ok := t.(map[string]any); ok && taint["key"] == "node.kubernetes.io/not-ready" {
			node.Ready = false // the controllers have not seen yet that it is
		}
	}
	return node
}

// WaitNodes waits until every named node is ready by a word of its kubelet that
// is newer than since: what a node said before it was lost counts for nothing.
func (c *Client) WaitNodes(ctx context.Context, names []string, since time.Time) error {
	return Poll(ctx, func(ctx context.Context) error {
		nodes, err := c.Nodes(ctx)
		if err != nil {
			return err
		}
		byName := map[string]Node{}
		for _, n := range nodes {
			byName[n.Name] = n
		}
		for _, name := range names {
			n, known := byName[name]
			switch {
			case !known:
				return fmt.Errorf("%s has not joined", name)
			case !n.Ready || n.Seen.Before(since.Truncate(time.Second)):
				return fmt.Errorf("%s is not ready", name)
			}
		}
		return nil
	})
}

// Poll asks until the answer is no error; when ctx ends before, the error is
// the last answer. What takes long to answer is asked less often.
func Poll(ctx context.Context, ask func(context.Context) error) error {
	for {
		begin := time.Now()
		err := ask(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			if errors.Is(context.Cause(ctx), context.Canceled) {
				return context.Canceled
			}
			return err
		case <-time.After(max(100*time.Millisecond, 2*time.Since(begin))):
		}
	}
}
