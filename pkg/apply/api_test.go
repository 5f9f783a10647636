package apply

import (
	"context"
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
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"

	"gpk/pkg/plan"
)

// memoryAPI is a fake: the part of an API server that gpk uses, in memory. It has real optimistic concurrency, watches,
// preconditions and exec. It has no admission, no controllers and no defaults, and server-side apply
// merges lists as a whole. It is here because a real server can neither be stopped at each of its answers nor live in fake time.
type memoryAPI struct {
	mutex    sync.Mutex
	version  int
	objects  map[string]plan.Object
	watchers map[chan metav1.WatchEvent]string
	history  []change
	// requests are all that changed something, or would have.
	requests []string
	// bodies are those of deletions.
	bodies []string
	// applied is what each manager applied last.
	applied map[string]map[string]any
	// lingers is how long a deleted object stays.
	lingers time.Duration
	// fail is asked before every request, and its error is the answer.
	fail func(r *http.Request) error
	// stored is told of every object that is kept, and returns what a controller would make of it.
	stored func(object plan.Object) []plan.Object
	exec   func(pod string, argv []string, stdin io.Reader, stdout, stderr io.Writer) int
}

func newAPI() *memoryAPI {
	return &memoryAPI{objects: map[string]plan.Object{}, watchers: map[chan metav1.WatchEvent]string{}, applied: map[string]map[string]any{}}
}

var ref = plan.Ref{Namespace: "analytics", Name: "demo"}

// target talks to the API without a network, so that it can be used in fake time. It cannot exec.
func (a *memoryAPI) target(t *testing.T) *Target {
	t.Helper()
	target, err := NewTarget(&rest.Config{Host: "http://api.example", Transport: inMemory{a}}, ref)
	if err != nil {
		t.Fatal(err)
	}
	return target
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

// put keeps an object as somebody else would have made it.
func (a *memoryAPI) put(objects ...plan.Object) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for _, object := range objects {
		kinds, _, err := scheme.Scheme.ObjectKinds(object)
		if err != nil {
			panic(err)
		}
		object.GetObjectKind().SetGroupVersionKind(kinds[0])
		object.SetNamespace(ref.Namespace)
		a.store(key(resourceOf(kinds[0].Kind), object.GetName()), object)
	}
}

// kinds are those that gpk deals with, by resource.
func kinds() map[string]schema.GroupVersionKind {
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
	for resource, known := range kinds() {
		if known.Kind == kind {
			return resource
		}
	}
	panic("the API in memory does not know the kind " + kind)
}

// failWith changes what requests fail with, while there may be some.
func (a *memoryAPI) failWith(fail func(*http.Request) error) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.fail = fail
}

func key(resource, name string) string { return resource + "/" + name }

func (a *memoryAPI) get(resource, name string) plan.Object {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	return a.objects[key(resource, name)]
}

func (a *memoryAPI) names(resource string) []string {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	var names []string
	for _, at := range slices.Sorted(maps.Keys(a.objects)) {
		if name, found := strings.CutPrefix(at, resource+"/"); found {
			names = append(names, name)
		}
	}
	return names
}

func (a *memoryAPI) store(at string, object plan.Object) {
	kind := "ADDED"
	if old := a.objects[at]; old != nil {
		kind = "MODIFIED"
		object.SetUID(old.GetUID())
	} else {
		object.SetUID(types.UID(fmt.Sprintf("uid-%d", a.version)))
	}
	a.version++
	object.SetResourceVersion(strconv.Itoa(a.version))
	a.objects[at] = object
	a.tell(at, kind, object)
	if a.stored == nil {
		return
	}
	for _, made := range a.stored(object) {
		if at := key(resourceOf(made.GetObjectKind().GroupVersionKind().Kind), made.GetName()); a.objects[at] == nil {
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

func (a *memoryAPI) tell(at, kind string, object runtime.Object) {
	resource, _, _ := strings.Cut(at, "/")
	event := metav1.WatchEvent{Type: kind, Object: runtime.RawExtension{Object: object.DeepCopyObject()}}
	a.history = append(a.history, change{a.version, resource, event})
	for watcher, watched := range a.watchers {
		if watched == resource {
			watcher <- event
		}
	}
}

func (a *memoryAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mutex.Lock()
	fail := a.fail
	a.mutex.Unlock()
	if fail != nil {
		if err := fail(r); err != nil {
			respond(w, nil, err)
			return
		}
	}
	// /api/v1/namespaces/NS/RESOURCE[/NAME[/exec]], or /apis/GROUP/VERSION/namespaces/…
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	within := slices.Index(parts, "namespaces")
	if within < 0 {
		respond(w, nil, apierrors.NewForbidden(schema.GroupResource{Resource: parts[len(parts)-1]}, "", fmt.Errorf("gpk has rights within its namespace only")))
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
		a.serveExec(w, r, name)
		return
	}
	if r.URL.Query().Get("watch") != "" {
		a.serveWatch(w, r, resource)
		return
	}
	a.mutex.Lock()
	defer a.mutex.Unlock()
	object, err := a.serve(r, resource, name)
	respond(w, asMetadata(r, object), err)
}

func (a *memoryAPI) serve(r *http.Request, resource, name string) (runtime.Object, error) {
	at := key(resource, name)
	old := a.objects[at]
	dryRun := r.URL.Query().Get("dryRun") != ""
	if r.Method != http.MethodGet {
		a.requests = append(a.requests, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, at, r.URL.Query().Get("dryRun"))))
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
		if a.lingers > 0 {
			time.AfterFunc(a.lingers, func() {
				a.mutex.Lock()
				defer a.mutex.Unlock()
				a.remove(at)
			})
		} else {
			a.remove(at)
		}
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
	at = key(resource, object.GetName())
	switch {
	case r.Method == http.MethodPost && a.objects[at] != nil:
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

// merged is a merge patch, or a crude server-side apply: fields that are given replace those that are there, lists as a
// whole. What the same manager applied before and does not give any more goes.
func (a *memoryAPI) merged(r *http.Request, at string, old plan.Object, body []byte) ([]byte, error) {
	given, err := fields(body)
	if err != nil {
		return nil, err
	}
	owner := r.URL.Query().Get("fieldManager") + " " + at
	before := a.applied[owner]
	isApply := r.Header.Get("Content-Type") == string(types.ApplyPatchType)
	if isApply && r.URL.Query().Get("dryRun") == "" {
		a.applied[owner] = given
	}
	switch {
	case old == nil && isApply:
		return body, nil
	case old == nil:
		return nil, apierrors.NewNotFound(schema.GroupResource{}, at)
	}
	text, err := json.Marshal(old)
	if err != nil {
		return nil, err
	}
	have, err := fields(text)
	if err != nil {
		return nil, err
	}
	if isApply {
		prune(have, before, given)
	}
	delete(given, "status")
	merge(have, given)
	return json.Marshal(have)
}

func fields(text []byte) (map[string]any, error) {
	var found map[string]any
	err := json.Unmarshal(text, &found)
	return found, err
}

// prune takes away what was given before and is no more.
func prune(have, before, given map[string]any) {
	for name, value := range before {
		was, nested := value.(map[string]any)
		is, both := given[name].(map[string]any)
		within, there := have[name].(map[string]any)
		switch {
		case given[name] == nil:
			delete(have, name)
		case nested && both && there:
			prune(within, was, is)
		}
	}
}

func merge(into, from map[string]any) {
	for name, value := range from {
		fields, nested := value.(map[string]any)
		have, both := into[name].(map[string]any)
		switch {
		case nested && both:
			merge(have, fields)
		case value != nil:
			into[name] = value
		}
	}
}

func (a *memoryAPI) remove(at string) {
	old := a.objects[at]
	delete(a.objects, at)
	a.version++
	a.tell(at, "DELETED", old)
}

func (a *memoryAPI) preconditions(r *http.Request, old plan.Object) error {
	var options metav1.DeleteOptions
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) == 0 {
		return err
	}
	a.bodies = append(a.bodies, string(body))
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
func (a *memoryAPI) items(resource, selector string) ([]plan.Object, error) {
	matches, err := labels.Parse(selector)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	var items []plan.Object
	for _, at := range slices.Sorted(maps.Keys(a.objects)) {
		if object := a.objects[at]; strings.HasPrefix(at, resource+"/") && matches.Matches(labels.Set(object.GetLabels())) {
			items = append(items, object)
		}
	}
	return items, nil
}

func (a *memoryAPI) list(resource, selector string) (runtime.Object, error) {
	items, err := a.items(resource, selector)
	if err != nil {
		return nil, err
	}
	list := &metav1.List{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "List"}, ListMeta: metav1.ListMeta{ResourceVersion: strconv.Itoa(a.version)}}
	for _, item := range items {
		list.Items = append(list.Items, runtime.RawExtension{Object: item})
	}
	kind := kinds()[resource]
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
			UID: o.GetUID(), Labels: o.GetLabels(), ResourceVersion: o.GetResourceVersion()}})
	}
	return only
}

func respond(w http.ResponseWriter, object runtime.Object, err error) {
	code := http.StatusOK
	if err != nil {
		status, ok := err.(apierrors.APIStatus)
		if !ok {
			status = apierrors.NewInternalError(err)
		}
		s := status.Status()
		s.TypeMeta = metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}
		object, code = &s, int(s.Code)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(object)
}

// serveWatch sends what is there, a bookmark, and then every change until the client goes.
func (a *memoryAPI) serveWatch(w http.ResponseWriter, r *http.Request, resource string) {
	events := make(chan metav1.WatchEvent, 1000)
	a.mutex.Lock()
	items, _ := a.items(resource, r.URL.Query().Get("labelSelector"))
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, item := range items {
			events <- metav1.WatchEvent{Type: "ADDED", Object: runtime.RawExtension{Object: item.DeepCopyObject()}}
		}
		kind := kinds()[resource]
		mark := map[string]any{"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind, "metadata": map[string]any{
			"resourceVersion": strconv.Itoa(a.version), "annotations": map[string]string{metav1.InitialEventsAnnotationKey: "true"}}}
		raw, _ := json.Marshal(mark)
		events <- metav1.WatchEvent{Type: "BOOKMARK", Object: runtime.RawExtension{Raw: raw}}
	}
	if since, err := strconv.Atoi(r.URL.Query().Get("resourceVersion")); err == nil {
		for _, past := range a.history {
			if past.version > since && past.resource == resource {
				events <- past.event
			}
		}
	}
	a.watchers[events] = resource
	a.mutex.Unlock()
	ctx := r.Context()
	if seconds, err := strconv.Atoi(r.URL.Query().Get("timeoutSeconds")); err == nil {
		limited, stop := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer stop()
		ctx = limited
	}
	defer func() {
		a.mutex.Lock()
		defer a.mutex.Unlock()
		delete(a.watchers, events)
	}()
	w.Header().Set("Content-Type", "application/json")
	for {
		w.(http.Flusher).Flush()
		select {
		case event := <-events:
			_ = json.NewEncoder(w).Encode(event)
		case <-ctx.Done():
			return
		}
	}
}
