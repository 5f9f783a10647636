// Package kube owns what gpk asks of the API server: applying, listing, comparing and deleting the objects of one cluster, and whose
// an object is. It knows nothing of databases.
package kube

import (
	"fmt"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"gpk/pkg/plan"
)

// Client reaches the objects of one cluster, in one namespace of one API server.
type Client struct {
	Ref plan.Ref
	// Config is for clients of other kinds than API.
	Config *rest.Config
	API    kubernetes.Interface
}

// New makes the client of a cluster. Its own rate limit is off, since the API server's priority and fairness
// is there to say what is too much, and what can be protobuf is.
func New(config *rest.Config, ref plan.Ref) (*Client, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1
	protobuf := rest.CopyConfig(config)
	protobuf.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	protobuf.ContentType = "application/vnd.kubernetes.protobuf"
	client, err := kubernetes.NewForConfig(protobuf)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	return &Client{Ref: ref, Config: config, API: client}, nil
}
