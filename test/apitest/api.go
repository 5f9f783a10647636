// Package apitest has API servers in memory for tests, and the objects that tests put there.
package apitest

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"

	"gpk/pkg/plan"
	"gpk/test/remotetest"
)

// API is a fake: the part of an API server that gpk uses, in memory. It has real optimistic concurrency, watches,
// preconditions and exec. It has no admission of its own, no controllers and no defaults, and server-side apply merges lists as a
// whole. Tests use it to stop a server at each of its answers, and to run one in fake time.
type API struct {
	// Mutex guards Objects and what follows.
	Mutex    sync.Mutex
	version  int
	Objects  map[string]plan.Object
	watchers map[chan metav1.WatchEvent]string
	history  []change
	// Requests are all that changed something, or would have without a dry run.
	Requests []string
	// Bodies are those of deletions.
	Bodies []string
	// applied is what each manager applied last.
	applied map[string]map[string]any
	// Lingers is how long a deleted object stays.
	Lingers time.Duration
	// Fail is called before every request. Its error is the answer.
	Fail func(r *http.Request) error
	// Admit is called with every object that is written, in dry runs too. It may change the object, as webhooks do. Its error is the answer.
	Admit func(object plan.Object) error
	// Stored is called with every object that is kept, and returns what a controller would make of it.
	Stored func(object plan.Object) []plan.Object
	// Rights are those of the user by which the API answers reviews of rights. Nil: it answers none.
	Rights []rbacv1.PolicyRule
	// Release is that of the API server. Empty: it tells none.
	Release string
	// Exec runs in every pod.
	Exec remotetest.Program
}

// New is an API without objects.
func New() *API {
	return &API{Objects: map[string]plan.Object{}, watchers: map[chan metav1.WatchEvent]string{}, applied: map[string]map[string]any{}}
}

// Ref is the cluster of all tests.
var Ref = plan.Ref{Namespace: "analytics", Name: "demo"} //nolint:gochecknoglobals // Go has no constant structs

// Put keeps an object as somebody else would have made it.
func (a *API) Put(objects ...plan.Object) {
	a.Mutex.Lock()
	defer a.Mutex.Unlock()
	for _, object := range objects {
		kinds, _, err := scheme.Scheme.ObjectKinds(object)
		if err != nil {
			panic(err)
		}
		object.GetObjectKind().SetGroupVersionKind(kinds[0])
		object.SetNamespace(Ref.Namespace)
		a.store(Key(resourceOf(kinds[0].Kind), object.GetName()), object)
	}
}

// Kinds are those that gpk deals with, by resource.
func Kinds() map[string]schema.GroupVersionKind {
	core := schema.GroupVersion{Version: "v1"}
	return map[string]schema.GroupVersionKind{
		"configmaps":             core.WithKind("ConfigMap"),
		"events":                 core.WithKind("Event"),
		"limitranges":            core.WithKind("LimitRange"),
		"persistentvolumeclaims": core.WithKind("PersistentVolumeClaim"),
		"pods":                   core.WithKind("Pod"),
		"secrets":                core.WithKind("Secret"),
		"serviceaccounts":        core.WithKind("ServiceAccount"),
		"services":               core.WithKind("Service"),
		"statefulsets":           {Group: "apps", Version: "v1", Kind: "StatefulSet"},
		"leases":                 {Group: "coordination.k8s.io", Version: "v1", Kind: "Lease"},
		"nodes":                  core.WithKind("Node"),
		"networkpolicies":        {Group: "networking.k8s.io", Version: "v1", Kind: "NetworkPolicy"},
		"poddisruptionbudgets":   {Group: "policy", Version: "v1", Kind: "PodDisruptionBudget"},
	}
}

func resourceOf(kind string) string {
	for resource, known := range Kinds() {
		if known.Kind == kind {
			return resource
		}
	}
	panic("the API in memory does not know the kind " + kind)
}

// FailWith changes what requests fail with, while there may be some.
func (a *API) FailWith(fail func(*http.Request) error) {
	a.Mutex.Lock()
	defer a.Mutex.Unlock()
	a.Fail = fail
}

// failure is what a request fails with.
func (a *API) failure(r *http.Request) error {
	a.Mutex.Lock()
	fail := a.Fail
	a.Mutex.Unlock()
	if fail == nil {
		return nil
	}
	return fail(r)
}

// Key is where an object is in API.Objects.
func Key(resource, name string) string { return resource + "/" + name }

// Get is an object, nil if it is missing.
func (a *API) Get(resource, name string) plan.Object {
	a.Mutex.Lock()
	defer a.Mutex.Unlock()
	return a.Objects[Key(resource, name)]
}

// Names are the names of a resource's objects, in order.
func (a *API) Names(resource string) []string {
	a.Mutex.Lock()
	defer a.Mutex.Unlock()
	var names []string
	for _, at := range slices.Sorted(maps.Keys(a.Objects)) {
		if name, found := strings.CutPrefix(at, resource+"/"); found {
			names = append(names, name)
		}
	}
	return names
}
