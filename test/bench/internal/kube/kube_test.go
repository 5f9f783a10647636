package kube

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"gpk/test/bench/internal/network"
	"gpk/test/bench/internal/servers"
)

func objectsByName(t *testing.T) map[string]*unstructured.Unstructured {
	t.Helper()
	objects, err := Objects(network.Layout{Block: netip.MustParsePrefix("10.200.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*unstructured.Unstructured{}
	for _, o := range objects {
		if _, err := resourceOf(o.GetKind()); err != nil {
			t.Errorf("%s: %v", o.GetName(), err)
		}
		byName[o.GetKind()+" "+o.GetName()] = o
	}
	return byName
}

func TestObjectsHaveThisInstancesAddresses(t *testing.T) {
	objects := objectsByName(t)
	ip, _, err := unstructured.NestedString(objects["Service kube-dns"].Object, "spec", "clusterIP")
	if err != nil || ip != "10.200.128.10" {
		t.Errorf("kube-dns is at %q, %v", ip, err)
	}
	endpoints, _, err := unstructured.NestedSlice(objects["EndpointSlice kube-dns-control"].Object, "endpoints")
	if err != nil || len(endpoints) != 1 {
		t.Fatalf("endpoints %v, %v", endpoints, err)
	}
	addresses, _, err := unstructured.NestedStringSlice(endpoints[0].(map[string]any), "addresses")
	if err != nil || len(addresses) != 1 || addresses[0] != "10.200.0.2" {
		t.Errorf("kube-dns leads to %v, %v", addresses, err)
	}
}

// TestObjectsMeetTheServers sees that the manifests name users and the
// provisioner as the servers' certificates and flags do.
func TestObjectsMeetTheServers(t *testing.T) {
	objects := objectsByName(t)
	for binding, user := range map[string]string{
		"ClusterRoleBinding gpk-bench:coredns":           servers.DNSUser,
		"ClusterRoleBinding gpk-bench:local-provisioner": servers.ProvisionerUser,
		"ClusterRoleBinding gpk-bench:network-policies":  servers.PoliciesUser,
	} {
		subjects, _, err := unstructured.NestedSlice(objects[binding].Object, "subjects")
		if err != nil || len(subjects) != 1 || subjects[0].(map[string]any)["name"] != user {
			t.Errorf("%s binds %v, %v; want %s", binding, subjects, err, user)
		}
	}
	for name, isDefault := range map[string]bool{"local": true, "remote": false} {
		class := objects["StorageClass "+name]
		if class.Object["provisioner"] != servers.Provisioner {
			t.Errorf("the storage class %s wants %v, the provisioner is %s", name, class.Object["provisioner"], servers.Provisioner)
		}
		if (class.GetAnnotations()["storageclass.kubernetes.io/is-default-class"] == "true") != isDefault {
			t.Errorf("whether the storage class %s is the default is not %t", name, isDefault)
		}
	}
}

func TestNodeOf(t *testing.T) {
	node := func(status string) unstructured.Unstructured {
		return unstructured.Unstructured{Object: map[string]any{
			"metadata": map[string]any{"name": "node1"},
			"status": map[string]any{"conditions": []any{
				map[string]any{"type": "MemoryPressure", "status": "False"},
				map[string]any{"type": "Ready", "status": status, "lastHeartbeatTime": "2026-01-02T03:04:05Z"},
			}},
		}}
	}
	seen := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	if got := nodeOf(node("True")); !got.Ready || !got.Seen.Equal(seen) || got.Name != "node1" {
		t.Errorf("a ready node is read as %+v", got)
	}
	tainted := node("True")
	tainted.Object["spec"] = map[string]any{"taints": []any{map[string]any{"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}}}
	if got := nodeOf(tainted); got.Ready {
		t.Errorf("a node that runs no pods yet is read as %+v", got)
	}
	if got := nodeOf(node("Unknown")); got.Ready {
		t.Errorf("a lost node is read as %+v", got)
	}
	if got := nodeOf(unstructured.Unstructured{Object: map[string]any{}}); got.Ready {
		t.Errorf("a node without conditions is read as %+v", got)
	}
}

func TestPoll(t *testing.T) {
	asked := 0
	err := Poll(t.Context(), func(context.Context) error {
		if asked++; asked < 3 {
			return errors.New("not yet")
		}
		return nil
	})
	if err != nil || asked != 3 {
		t.Errorf("asked %d times, %v", asked, err)
	}
	no := errors.New("no")
	late, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := Poll(late, func(context.Context) error { return no }); !errors.Is(err, no) {
		t.Errorf("at the end of time: %v, want the last answer", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if err := Poll(stopped, func(context.Context) error { return no }); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: %v", err)
	}
}
