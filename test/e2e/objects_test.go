//go:build e2e

package e2e

import (
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/metadata"
)

// objects are all objects of the namespace of every kind that the API server knows, by kind and name. Left out is what
// controllers and kubelets keep beside them.
func (c *cluster) objects() map[string]metav1.PartialObjectMetadata {
	c.t.Helper()
	lists, err := shared.Client.Discovery().ServerPreferredNamespacedResources()
	if err != nil {
		c.t.Fatal(err)
	}
	client, err := metadata.NewForConfig(shared.Config)
	if err != nil {
		c.t.Fatal(err)
	}
	found := map[string]metav1.PartialObjectMetadata{}
	for _, list := range discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "delete"}}, lists) {
		group, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, resource := range list.APIResources {
			if slices.Contains([]string{"Event", "Endpoints", "EndpointSlice", "ControllerRevision", "PodMetrics"}, resource.Kind) {
				continue
			}
			items, err := client.Resource(group.WithResource(resource.Name)).Namespace(c.namespace).List(c.ctx, metav1.ListOptions{})
			if err != nil {
				c.t.Fatal(err)
			}
			for _, item := range items.Items {
				found[resource.Kind+"/"+item.Name] = item
			}
		}
	}
	return found
}

// names are the objects in order.
func names(objects map[string]metav1.PartialObjectMetadata) []string {
	return slices.Sorted(maps.Keys(objects))
}

// added are the names of the objects that are not among those of before.
func added(before, after map[string]metav1.PartialObjectMetadata) []string {
	return slices.DeleteFunc(names(after), func(name string) bool {
		_, known := before[name]
		return known
	})
}

// wantSame fails the test if an object came, went or was written to. The lock is written to by every command, and pods by
// their kubelets.
func (c *cluster) wantSame(before map[string]metav1.PartialObjectMetadata) {
	c.t.Helper()
	after := c.objects()
	for _, name := range added(before, after) {
		c.t.Errorf("%s was made", name)
	}
	for _, name := range added(after, before) {
		c.t.Errorf("%s was deleted", name)
	}
	for name, then := range before {
		now, found := after[name]
		if found && now.UID != then.UID {
			c.t.Errorf("%s was replaced", name)
		}
		if found && now.ResourceVersion != then.ResourceVersion && name != "Lease/demo-gpk" && !strings.HasPrefix(name, "Pod/") {
			c.t.Errorf("%s was written to: %+v", name, now.ManagedFields)
		}
	}
}

// settled waits until the StatefulSets' controllers have noted that all pods are ready, after which nobody writes to them.
func (c *cluster) settled() map[string]metav1.PartialObjectMetadata {
	c.t.Helper()
	c.eventually("StatefulSets settled", func() (bool, error) {
		sets, err := shared.Client.AppsV1().StatefulSets(c.namespace).List(c.ctx, metav1.ListOptions{})
		if err != nil {
			return false, err
		}
		return !slices.ContainsFunc(sets.Items, func(set appsv1.StatefulSet) bool {
			return set.Status.ObservedGeneration != set.Generation || set.Status.AvailableReplicas != *set.Spec.Replicas
		}), nil
	})
	return c.objects()
}
