package apitest

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"gpk/pkg/apply/remote/remotetest"
	"gpk/pkg/plan"
)

// API is a fake: the part of an API server that gpk uses, in memory. It has real optimistic concurrency, watches,
// preconditions and exec. It has no admission, no controllers and no defaults, and server-side apply
// merges lists as a whole. It is here because a real server can neither be stopped at each of its answers nor live in fake time.
type API struct {
	Mutex    sync.Mutex
	version  int
	Objects  map[string]plan.Object
	watchers map[chan metav1.WatchEvent]string
	history  []change
	// Requests are all that changed something, or would have.
	Requests []string
	// Bodies are those of deletions.
	Bodies []string
	// applied is what each manager applied last.
	applied map[string]map[string]any
	// Lingers is how long a deleted object stays.
	Lingers time.Duration
	// Fail is asked before every request, and its error is the answer.
	Fail func(r *http.Request) error
	// Stored is called with every object that is kept, and returns what a controller would make of it.
	Stored func(object plan.Object) []plan.Object
	Exec   remotetest.Program
}

func New() *API {
	return &API{Objects: map[string]plan.Object{}, watchers: map[chan metav1.WatchEvent]string{}, applied: map[string]map[string]any{}}
}

var Ref = plan.Ref{Namespace: "analytics", Name: "demo"}

// ConfigOf talks to an API without a network, so that it can be used in fake time. It cannot exec.
func ConfigOf(world http.Handler) *rest.Config {
	return &rest.Config{Host: "http://api.example", Transport: inMemory{world}}
}

// inMemory hands requests over without a network.
type inMemory struct{ handler http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	recorder := httptest.NewRecorder()
	m.handler.ServeHTTP(recorder, r)
	return recorder.Result(), nil
}

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
		"persistentvolumeclaims": core.WithKind("PersistentVolumeClaim"),
		"pods":                   core.WithKind("Pod"),
		"secrets":                core.WithKind("Secret"),
		"serviceaccounts":        core.WithKind("ServiceAccount"),
		"services":               core.WithKind("Service"),
		"statefulsets":           {Group: "apps", Version: "v1", Kind: "StatefulSet"},
		"leases":                 {Group: "coordination.k8s.io", Version: "v1", Kind: "Lease"},
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

func Key(resource, name string) string { return resource + "/" + name }

func (a *API) Get(resource, name string) plan.Object {
	a.Mutex.Lock()
	defer a.Mutex.Unlock()
	return a.Objects[Key(resource, name)]
}

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

func (a *API) store(at string, object plan.Object) {
	kind := "ADDED"
	if old := a.Objects[at]; old != nil {
		kind = "MODIFIED"
		object.SetUID(old.GetUID())
	} else {
		object.SetUID(types.UID(fmt.Sprintf("uid-%d", a.version)))
	}
	a.version++
	object.SetResourceVersion(strconv.Itoa(a.version))
	a.Objects[at] = object
	a.Tell(at, kind, object)
	if a.Stored == nil {
		return
	}
	for _, made := range a.Stored(object) {
		if at := Key(resourceOf(made.GetObjectKind().GroupVersionKind().Kind), made.GetName()); a.Objects[at] == nil {
			a.store(at, made)
		}
	}
}

// change is an event of the past, which a watch from an earlier version on is told.
type change struct {
	version  int
	resource string
	event    metav1.WatchEvent
}

func (a *API) Tell(at, kind string, object runtime.Object) {
	resource, _, _ := strings.Cut(at, "/")
	event := metav1.WatchEvent{Type: kind, Object: runtime.RawExtension{Object: object.DeepCopyObject()}}
	a.history = append(a.history, change{a.version, resource, event})
	for watcher, watched := range a.watchers {
		if watched == resource {
			watcher <- event
		}
	}
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := a.failure(r); err != nil {
		Respond(w, nil, err)
		return
	}
	// /api/v1/namespaces/NS/RESOURCE[/NAME[/exec]], or /apis/GROUP/VERSION/namespaces/…
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	within := slices.Index(parts, "namespaces")
	if within < 0 {
		Respond(w, nil, apierrors.NewForbidden(schema.GroupResource{Resource: parts[len(parts)-1]}, "", fmt.Errorf("gpk has rights within its namespace only")))
		return
	}
	parts = parts[within+1:]
	resource, name := "namespaces", ""
	if len(parts) > 1 {
		resource = parts[1]
	}
	if len(parts) > 2 {
		name = parts[2]
	}
	if len(parts) > 3 {
		remotetest.Pods{Program: a.Exec, Fails: a.failure}.Serve(w, r, name)
		return
	}
	if r.URL.Query().Get("watch") != "" {
		a.serveWatch(w, r, resource)
		return
	}
	a.Mutex.Lock()
	defer a.Mutex.Unlock()
	object, err := a.serve(r, resource, name)
	Respond(w, asMetadata(r, object), err)
}

func (a *API) serve(r *http.Request, resource, name string) (runtime.Object, error) {
	at := Key(resource, name)
	old := a.Objects[at]
	dryRun := r.URL.Query().Get("dryRun") != ""
	if r.Method != http.MethodGet {
		a.Requests = append(a.Requests, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, at, r.URL.Query().Get("dryRun"))))
	}
	missing := apierrors.NewNotFound(schema.GroupResource{Resource: resource}, name)
	switch r.Method {
	case http.MethodGet:
		if name == "" {
			return a.list(resource, r.URL.Query().Get("labelSelector"))
		}
		if old == nil {
			return nil, missing
		}
		return old, nil
	case http.MethodDelete:
		if old == nil {
			return nil, missing
		}
		if err := a.preconditions(r, old); err != nil {
			return nil, err
		}
		a.delete(at, old)
		return &metav1.Status{Status: metav1.StatusSuccess}, nil
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if r.Method == http.MethodPatch {
		if body, err = a.merged(r, at, old, body); err != nil {
			return nil, err
		}
	}
	decoded, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	object := decoded.(plan.Object)
	if object.GetName() == "" {
		object.SetName(fmt.Sprint(object.GetGenerateName(), a.version))
	}
	at = Key(resource, object.GetName())
	switch {
	case r.Method == http.MethodPost && a.Objects[at] != nil:
		return nil, apierrors.NewAlreadyExists(schema.GroupResource{Resource: resource}, object.GetName())
	case r.Method == http.MethodPut && old == nil:
		return nil, missing
	case r.Method == http.MethodPut && object.GetResourceVersion() != old.GetResourceVersion():
		return nil, apierrors.NewConflict(schema.GroupResource{Resource: resource}, name, fmt.Errorf("it has been modified"))
	}
	if dryRun {
		return object, nil
	}
	a.store(at, object)
	return object, nil
}

// delete removes an object, or marks it as deleted for as long as it lingers.
func (a *API) delete(at string, object plan.Object) {
	switch {
	case a.Lingers == 0:
		a.Remove(at)
	case object.GetDeletionTimestamp() == nil:
		marked := object.DeepCopyObject().(plan.Object)
		marked.SetDeletionTimestamp(&metav1.Time{Time: time.Now()})
		a.store(at, marked)
		time.AfterFunc(a.Lingers, func() {
			a.Mutex.Lock()
			defer a.Mutex.Unlock()
			a.Remove(at)
		})
	}
}

// Remove removes an object at once.
func (a *API) Remove(at string) {
	old := a.Objects[at]
	delete(a.Objects, at)
	a.version++
	a.Tell(at, "DELETED", old)
}

func (a *API) preconditions(r *http.Request, old plan.Object) error {
	var options metav1.DeleteOptions
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) == 0 {
		return err
	}
	a.Bodies = append(a.Bodies, string(body))
	if _, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, &schema.GroupVersionKind{Version: "v1", Kind: "DeleteOptions"}, &options); err != nil {
		if err := json.Unmarshal(body, &options); err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
	}
	if p := options.Preconditions; p != nil && (p.UID != nil && *p.UID != old.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != old.GetResourceVersion()) {
		return apierrors.NewConflict(schema.GroupResource{}, old.GetName(), fmt.Errorf("the precondition failed"))
	}
	return nil
}

// items are the objects of a resource that a selector finds, by name.
func (a *API) items(resource, selector string) ([]plan.Object, error) {
	matches, err := labels.Parse(selector)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	var items []plan.Object
	for _, at := range slices.Sorted(maps.Keys(a.Objects)) {
		if object := a.Objects[at]; strings.HasPrefix(at, resource+"/") && matches.Matches(labels.Set(object.GetLabels())) {
			items = append(items, object)
		}
	}
	return items, nil
}

func (a *API) list(resource, selector string) (runtime.Object, error) {
	items, err := a.items(resource, selector)
	if err != nil {
		return nil, err
	}
	list := &metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(a.version)}}
	for _, item := range items {
		list.Items = append(list.Items, runtime.RawExtension{Object: item})
	}
	kind := Kinds()[resource]
	list.APIVersion, list.Kind = kind.GroupVersion().String(), kind.Kind+"List"
	return list, nil
}

// asMetadata is what a client is answered that asks for metadata only.
func asMetadata(r *http.Request, object runtime.Object) runtime.Object {
	list, ok := object.(*metav1.List)
	if !ok || !strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadataList") {
		return object
	}
	only := &metav1.PartialObjectMetadataList{TypeMeta: metav1.TypeMeta{APIVersion: "meta.k8s.io/v1", Kind: "PartialObjectMetadataList"}, ListMeta: list.ListMeta}
	for _, item := range list.Items {
		o := item.Object.(plan.Object)
		only.Items = append(only.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: o.GetName(), Namespace: o.GetNamespace(),
			UID: o.GetUID(), Labels: o.GetLabels(), ResourceVersion: o.GetResourceVersion(), DeletionTimestamp: o.GetDeletionTimestamp()}})
	}
	return only
}
