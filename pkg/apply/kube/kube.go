// Package kube applies, reads, compares and deletes the objects of one cluster, and knows whose one is. It knows nothing of databases.
package kube

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"

	"gpk/pkg/plan"
)

// Client reaches the objects of one cluster, in one namespace of one API server.
type Client struct {
	Ref plan.Ref
	// Config is for clients of other kinds than API.
	Config *rest.Config
	API    kubernetes.Interface
	// metadata lists and deletes: of 3,000 pods it reads the names only.
	metadata metadata.Interface
	// patient has every request of API and metadata.
	patient *patient
}

// New makes the client of a cluster. It speaks protobuf, and leaves rate limits to the API server (priority and fairness).
func New(config *rest.Config, ref plan.Ref) (*Client, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	config.UserAgent = cmp.Or(config.UserAgent, rest.DefaultKubernetesUserAgent())
	// patient is around client-go's own transports, which renew a token that was refused. config.Wrap would put it inside.
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	patient := &patient{next: transport}
	requests := &http.Client{Transport: patient, Timeout: config.Timeout}
	protobuf := rest.CopyConfig(config)
	protobuf.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	protobuf.ContentType = "application/vnd.kubernetes.protobuf"
	api, err := kubernetes.NewForConfigAndClient(protobuf, requests)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	names, err := metadata.NewForConfigAndClient(config, requests)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return &Client{Ref: ref, Config: config, API: api, metadata: names, patient: patient}, nil
}

// Selector finds every object of the cluster.
func (k *Client) Selector() string { return labels.SelectorFromSet(plan.Labels(k.Ref.Name)).String() }

// ListOptions lists every object of the cluster.
func (k *Client) ListOptions() metav1.ListOptions {
	return metav1.ListOptions{LabelSelector: k.Selector()}
}

// MakeNamespace makes the namespace if it is missing, with the restricted pod security standard, which gpk's pods meet. Only
// --create-namespace needs this right: everything else that gpk makes is inside the namespace.
func MakeNamespace(ctx context.Context, k *Client) error {
	_, err := k.API.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   k.Ref.Namespace,
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted", plan.ManagedLabel: "gpk"},
	}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("namespace %s: %w", k.Ref.Namespace, err)
	}
	return nil
}
