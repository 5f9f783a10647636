package capacity

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// shelf is a fake API server that only reads out: an object or a list for each path, 403 for what is nil, 404 for the rest.
type shelf map[string]runtime.Object

func (s shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	object, there := s[r.URL.Path]
	switch {
	case !there:
		w.WriteHeader(http.StatusNotFound)
		object = &metav1.Status{Status: metav1.StatusFailure, Code: http.StatusNotFound, Reason: metav1.StatusReasonNotFound}
	case object == nil:
		w.WriteHeader(http.StatusForbidden)
		object = &metav1.Status{Status: metav1.StatusFailure, Code: http.StatusForbidden, Reason: metav1.StatusReasonForbidden}
	}
	_ = json.NewEncoder(w).Encode(object)
}

const (
	pathPods     = "/api/v1/namespaces/analytics/pods"
	pathAllPods  = "/api/v1/pods"
	pathClaims   = "/api/v1/namespaces/analytics/persistentvolumeclaims"
	pathVolumes  = "/api/v1/persistentvolumes"
	pathQuotas   = "/api/v1/namespaces/analytics/resourcequotas"
	pathLimits   = "/api/v1/namespaces/analytics/limitranges"
	pathNodes    = "/api/v1/nodes"
	pathClasses  = "/apis/storage.k8s.io/v1/storageclasses"
	pathPriority = "/apis/scheduling.k8s.io/v1/priorityclasses/gold"
)

// twoNodes has room for the pods of capacityOf, and a default storage class.
func twoNodes() shelf {
	allocatable := corev1.ResourceList{"cpu": resource.MustParse("4"), "memory": resource.MustParse("16Gi"), "pods": resource.MustParse("110")}
	nodes := &corev1.NodeList{}
	for _, name := range []string{"node1", "node2"} {
		nodes.Items = append(nodes.Items, corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{corev1.LabelHostname: name}},
			Status: corev1.NodeStatus{Allocatable: allocatable}})
	}
	return shelf{pathPods: &corev1.PodList{}, pathAllPods: &corev1.PodList{}, pathClaims: &corev1.PersistentVolumeClaimList{},
		pathVolumes: &corev1.PersistentVolumeList{}, pathNodes: nodes, pathQuotas: nil, pathLimits: &corev1.LimitRangeList{}, pathClasses: classes("local", "true")}
}

func classes(name, isDefault string) *storagev1.StorageClassList {
	return &storagev1.StorageClassList{Items: []storagev1.StorageClass{{ObjectMeta: metav1.ObjectMeta{Name: name,
		Annotations: map[string]string{defaultClass: isDefault}}}}}
}

// capacityOf asks for a coordinator, two primaries and two mirrors of 1 CPU.
func capacityOf(t *testing.T, change func(*topology.Cluster)) plan.Capacity {
	t.Helper()
	c := &topology.Cluster{Metadata: topology.Metadata{Name: "demo", Namespace: "analytics"}}
	c.Spec.Version, c.Spec.Image, c.Spec.Segments.Count = "7.1.0", "registry.example/greenplum", 2
	c.Spec.Coordinator.Standby = new(false)
	requests := corev1.ResourceList{"cpu": resource.MustParse("1"), "memory": resource.MustParse("1Gi")}
	c.Spec.Coordinator.Resources.Requests, c.Spec.Segments.Resources.Requests = requests, requests
	if change != nil {
		change(c)
	}
	c.Default()
	p, err := plan.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	return p.Steps[0].Action.(plan.Capacity)
}

func podOf(name, namespace, node, cpu string, priority int32) corev1.Pod {
	pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}}
	pod.Spec.NodeName, pod.Spec.Priority = node, &priority
	pod.Spec.Containers = []corev1.Container{{Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{"cpu": resource.MustParse(cpu)}}}}
	return pod
}

func claimOf(name, volume string) corev1.PersistentVolumeClaim {
	claim := corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "analytics"}}
	claim.Spec.VolumeName = volume
	return claim
}

func quotaOf(hard, used string, name corev1.ResourceName) *corev1.ResourceQuotaList {
	return &corev1.ResourceQuotaList{Items: []corev1.ResourceQuota{{ObjectMeta: metav1.ObjectMeta{Name: "team"},
		Spec:   corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{name: resource.MustParse(hard)}},
		Status: corev1.ResourceQuotaStatus{Used: corev1.ResourceList{name: resource.MustParse(used)}}}}}
}

func limitRangeOf(memory string) *corev1.LimitRangeList {
	return &corev1.LimitRangeList{Items: []corev1.LimitRange{{Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{
		Type: corev1.LimitTypeContainer, Default: apitest.AmountsOf(memory)}}}}}}
}

// What pods that are made anew may have of a quota is what those before them had, and what is left of it.
func TestCapacityAnew(t *testing.T) {
	for hard, want := range map[string]engine.State{"3Gi": engine.Blocked, "5Gi": engine.Done} {
		world, action := twoNodes(), capacityOf(t, nil)
		action.Anew = true
		list := &corev1.PodList{}
		for _, set := range action.Sets {
			for i := range *set.Spec.Replicas {
				p := podOf(fmt.Sprintf("%s-%d", set.Name, i), "analytics", "node1", "100m", 0)
				p.UID, p.Labels = types.UID(p.Name), plan.Labels("demo")
				p.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
				p.Spec.Containers = apitest.ContainerOf(set.Spec.Template.Spec.Containers[0].Image, "512Mi", "")
				list.Items = append(list.Items, p)
			}
		}
		world[pathPods], world[pathAllPods], world[pathQuotas] = list, list, quotaOf(hard, "2560Mi", "requests.memory")
		target := roomtest.New(t, apitest.ConfigOf(world))
		if finding, err := (&capacityHandler{kube: target.Kube, pods: target.Pods, action: action}).Check(t.Context()); err != nil || finding.State != want {
			t.Errorf("a quota of %s: %+v, error %v", hard, finding, err)
		}
	}
}

func TestCapacity(t *testing.T) {
	busy := &corev1.PodList{Items: []corev1.Pod{podOf("web", "shop", "node1", "3", 100), podOf("web", "shop", "node2", "2", 100)}}
	gold := func(c *topology.Cluster) { c.Spec.Segments.PriorityClassName = "gold" }
	fast := func(c *topology.Cluster) { c.Spec.Segments.Storage.ClassName = new("fast") }
	tests := []struct {
		name   string
		change func(*topology.Cluster)
		world  func(shelf)
		state  engine.State
		says   string
	}{
		{name: "it fits", world: func(shelf) {}, state: engine.Done},
		{name: "no room beside what runs elsewhere", world: func(s shelf) { s[pathAllPods] = busy }, state: engine.Blocked,
			says: "5 pods of 1 CPU, 1Gi are wanted and there is room for 3"},
		{name: "what runs is of lower priority", change: gold, world: func(s shelf) {
			s[pathAllPods] = busy
			s[pathPriority] = &schedulingv1.PriorityClass{Value: 1000}
		}, state: engine.Done},
		{name: "a priority class that pushes nobody aside", change: gold, world: func(s shelf) {
			s[pathAllPods] = busy
			s[pathPriority] = &schedulingv1.PriorityClass{Value: 1000, PreemptionPolicy: new(corev1.PreemptNever)}
		}, state: engine.Blocked, says: "room for 3"},
		{name: "a priority class that may not be read", change: gold, world: func(s shelf) { s[pathAllPods], s[pathPriority] = busy, nil }, state: engine.Done},
		{name: "no such priority class", change: gold, world: func(shelf) {}, state: engine.Blocked, says: `the priority class "gold" is missing`},
		{name: "nodes may not be listed", world: func(s shelf) { s[pathNodes] = nil }, state: engine.Done, says: "you may not list nodes"},
		{name: "other namespaces may not be looked into", world: func(s shelf) { s[pathAllPods] = nil }, state: engine.Done, says: "without the pods of other namespaces: you may not list them"},
		{name: "storage classes may not be listed", change: fast, world: func(s shelf) { s[pathClasses], s[pathVolumes] = nil, nil }, state: engine.Done},
		{name: "no such storage class", change: fast, world: func(shelf) {}, state: engine.Blocked,
			says: `the storage class "fast" is missing; there are: local (the default)`},
		{name: "a class of volumes made by hand", change: fast, world: func(s shelf) {
			s[pathVolumes] = &corev1.PersistentVolumeList{Items: []corev1.PersistentVolume{{Spec: corev1.PersistentVolumeSpec{StorageClassName: "fast"}}}}
		}, state: engine.Done},
		{name: "no default class", world: func(s shelf) { s[pathClasses] = classes("slow", "false") }, state: engine.Blocked,
			says: "no storage class is the default: name one in storage.className; there are: slow"},
		{name: "claims are there, so no class is needed", change: fast, world: func(s shelf) {
			list := &corev1.PersistentVolumeClaimList{}
			for _, pod := range []string{"primary-0", "primary-1", "mirror-0", "mirror-1"} {
				list.Items = append(list.Items, claimOf("data-demo-"+pod, ""))
			}
			s[pathClaims] = list
		}, state: engine.Done},
		{name: "a volume on a node that is gone", world: func(s shelf) {
			s[pathClaims] = &corev1.PersistentVolumeClaimList{Items: []corev1.PersistentVolumeClaim{claimOf("data-demo-primary-1", "pv-7")}}
			volume := corev1.PersistentVolume{ObjectMeta: metav1.ObjectMeta{Name: "pv-7"}}
			volume.Spec.NodeAffinity = &corev1.VolumeNodeAffinity{Required: &corev1.NodeSelector{NodeSelectorTerms: []corev1.NodeSelectorTerm{{
				MatchExpressions: []corev1.NodeSelectorRequirement{{Key: corev1.LabelHostname, Operator: corev1.NodeSelectorOpIn, Values: []string{"node9"}}}}}}}
			s[pathVolumes] = &corev1.PersistentVolumeList{Items: []corev1.PersistentVolume{volume}}
		}, state: engine.Blocked, says: "the volume of pod demo-primary-1 is on a node that does not exist"},
		{name: "a quota that leaves enough", world: func(s shelf) { s[pathQuotas] = quotaOf("7", "2", "pods") }, state: engine.Done},
		{name: "a quota of pods", world: func(s shelf) { s[pathQuotas] = quotaOf("6", "2", "pods") }, state: engine.Blocked,
			says: "the quota team of the namespace leaves 4 of pods, and the missing pods need 5"},
		{name: "a quota of storage", world: func(s shelf) { s[pathQuotas] = quotaOf("45Gi", "0", "requests.storage") }, state: engine.Blocked,
			says: "leaves 45Gi of requests.storage, and the missing pods need 50Gi"},
		{name: "a quota of requests", world: func(s shelf) { s[pathQuotas] = quotaOf("4500m", "0", "requests.cpu") }, state: engine.Blocked,
			says: "leaves 4500m of requests.cpu, and the missing pods need 5"},
		{name: "a quota of some pods only", world: func(s shelf) {
			list := quotaOf("1", "0", "pods")
			list.Items[0].Spec.Scopes = []corev1.ResourceQuotaScope{corev1.ResourceQuotaScopeBestEffort}
			s[pathQuotas] = list
		}, state: engine.Done},
		{name: "a quota of what no container gives", world: func(s shelf) { s[pathQuotas] = quotaOf("100Gi", "0", "limits.memory") }, state: engine.Blocked,
			says: "the quota team of the namespace requires every container to give limits.memory, and container greenplum of pod demo-coordinator-0 does not"},
		{name: "a quota of what a LimitRange gives", world: func(s shelf) {
			s[pathQuotas], s[pathLimits] = quotaOf("10Gi", "0", "limits.memory"), limitRangeOf("2Gi")
		}, state: engine.Done},
		{name: "a quota that a LimitRange goes beyond", world: func(s shelf) {
			s[pathQuotas], s[pathLimits] = quotaOf("9Gi", "0", "limits.memory"), limitRangeOf("2Gi")
		}, state: engine.Blocked, says: "leaves 9Gi of limits.memory, and the missing pods need 10Gi"},
		{name: "a LimitRange that may not be read", world: func(s shelf) {
			s[pathQuotas], s[pathLimits] = quotaOf("1Gi", "0", "limits.memory"), nil
		}, state: engine.Done},
		{name: "all pods are there, and nothing else is looked at", world: func(s shelf) {
			list := &corev1.PodList{}
			for _, pod := range []string{"coordinator-0", "primary-0", "primary-1", "mirror-0", "mirror-1"} {
				list.Items = append(list.Items, podOf("demo-"+pod, "analytics", "", "1", 0))
			}
			clear(s)
			s[pathPods] = list
		}, state: engine.Done},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			world := twoNodes()
			test.world(world)
			target := roomtest.New(t, apitest.ConfigOf(world))
			h := &capacityHandler{kube: target.Kube, pods: target.Pods, action: capacityOf(t, test.change)}
			finding, err := h.Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(finding.Details, "\n")
			if finding.State != test.state || !strings.Contains(said, test.says) || (test.says == "") != (said == "") {
				t.Errorf("%s: %q, want %s: %q", finding.State, said, test.state, test.says)
			}
			if (finding.State == engine.Blocked) != (!finding.Next.Empty()) {
				t.Errorf("next: %q", finding.Next)
			}
		})
	}
}

// An unexpected failure is no capacity.
func TestCapacityFails(t *testing.T) {
	world := twoNodes()
	delete(world, pathNodes)
	target := roomtest.New(t, apitest.ConfigOf(world))
	if finding, err := (&capacityHandler{kube: target.Kube, pods: target.Pods, action: capacityOf(t, nil)}).Check(t.Context()); err == nil || !strings.Contains(err.Error(), "nodes") {
		t.Errorf("%v, %v", finding, err)
	}
}
