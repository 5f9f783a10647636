// Package kube is the little of Kubernetes that the project's suites and measurements share: a connection, a namespace to work
// in, accounts with rights there, and commands in its pods. It uses nothing of gpk.
package kube

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Kube is a connection to an API server, with no limit of the client's own.
type Kube struct {
	Config *rest.Config
	Client kubernetes.Interface
}

// Connect reads a kubeconfig and waits at most 20 s for its API server to be ready.
func Connect(ctx context.Context, kubeconfig string) (*Kube, error) {
	if kubeconfig == "" {
		return nil, errors.New("no kubeconfig is named: these make and delete namespaces, so there is no default")
	}
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s: %w", kubeconfig, err)
	}
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error(); err != nil {
		return nil, fmt.Errorf("the API server of %s is not ready: %w", kubeconfig, err)
	}
	return &Kube{config, client}, nil
}

// Namespace is one that was made for its user alone.
type Namespace struct {
	*Kube
	Name string
}

// NewNamespace makes a namespace under the restricted pod security standard and waits until the controllers have furnished it.
func (k *Kube) NewNamespace(ctx context.Context, prefix string) (*Namespace, error) {
	n := &Namespace{k, prefix + rand.String(6)}
	_, err := k.Client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		Name:   n.Name,
		Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	return n, Until(ctx, "namespace "+n.Name+" is furnished", func() (bool, error) {
		_, err := k.Client.CoreV1().ServiceAccounts(n.Name).Get(ctx, "default", metav1.GetOptions{})
		return err == nil, err
	})
}

// Remove deletes the namespace with all that is in it and waits until it is gone. Its pods get no time to stop.
func (n *Namespace) Remove(ctx context.Context) error {
	namespaces := n.Client.CoreV1().Namespaces()
	if err := namespaces.Delete(ctx, n.Name, metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	return Until(ctx, "namespace "+n.Name+" is gone", func() (bool, error) {
		err := n.Client.CoreV1().Pods(n.Name).DeleteCollection(ctx, metav1.DeleteOptions{GracePeriodSeconds: new(int64(1))}, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		_, err = namespaces.Get(ctx, n.Name, metav1.GetOptions{})
		return apierrors.IsNotFound(err), err
	})
}

// Until looks five times a second until it sees what is wanted. What a look fails with is no reason to end, and is told if the
// context ends.
func Until(ctx context.Context, what string, look func() (bool, error)) error {
	for {
		done, err := look()
		if done {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("waiting until %s: %w", what, context.Cause(ctx)), err)
		}
	}
}
