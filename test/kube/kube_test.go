package kube

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestUntil(t *testing.T) {
	looks := 0
	err := Until(t.Context(), "it is there", func() (bool, error) {
		looks++
		return looks == 2, errors.New("not yet")
	})
	if err != nil || looks != 2 {
		t.Errorf("%d looks: %v", looks, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	err = Until(ctx, "it is there", func() (bool, error) { return false, errors.New("it is elsewhere") })
	if err == nil || !strings.Contains(err.Error(), "waiting until it is there") || !strings.Contains(err.Error(), "it is elsewhere") {
		t.Errorf("after the time is over: %v", err)
	}
}

func TestNoNamespaceWithoutKubeconfig(t *testing.T) {
	if _, err := Connect(t.Context(), ""); err == nil {
		t.Error("connected to a cluster that nobody named")
	}
}

// The fake keeps objects and enforces nothing: it has no controller that would make the account.
func TestNewNamespaceIsRestricted(t *testing.T) {
	client := fake.NewClientset(&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "default", Namespace: "other"}})
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	k := &Kube{Client: client}
	n, err := k.NewNamespace(ctx, "test-")
	if err == nil {
		t.Error("a namespace without its account was taken for furnished")
	}
	made, err := client.CoreV1().Namespaces().Get(t.Context(), n.Name, metav1.GetOptions{})
	if err != nil || made.Labels["pod-security.kubernetes.io/enforce"] != "restricted" {
		t.Errorf("%v: %v", err, made.Labels)
	}
}
