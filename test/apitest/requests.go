package apitest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/scheme"

	"gpk/pkg/plan"
	"gpk/test/remotetest"
)

// store keeps an object, tells the watches, and keeps what a controller makes of it.
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

// change is a past event. A watch from an earlier version gets it too.
type change struct {
	version  int
	resource string
	event    metav1.WatchEvent
}

// Tell sends an event about an object to the watches of its resource.
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

// ServeHTTP answers a request as an API server does.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := a.failure(r); err != nil {
		Respond(w, nil, err)
		return
	}
	// /api/v1/namespaces/NS/RESOURCE[/NAME[/exec]], or /apis/GROUP/VERSION/namespaces/…
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	within := slices.Index(parts, "namespaces")
	if within < 0 {
		if node := a.Get("nodes", parts[len(parts)-1]); node != nil && r.Method == http.MethodGet {
			Respond(w, node, nil)
			return
		}
		if a.review(w, r) {
			return
		}
		outside := schema.GroupResource{Resource: parts[len(parts)-1]}
		Respond(w, nil, apierrors.NewForbidden(outside, "", fmt.Errorf("gpk has rights within its namespace only")))
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
	if r.Method != http.MethodGet {
		a.Requests = append(a.Requests, strings.TrimSpace(fmt.Sprintf("%s %s %s", r.Method, at, r.URL.Query().Get("dryRun"))))
	}
	if r.Method == http.MethodGet && name == "" {
		return list(a, resource, r.URL.Query().Get("labelSelector"))
	}
	if old == nil && (r.Method == http.MethodGet || r.Method == http.MethodDelete) {
		return nil, apierrors.NewNotFound(schema.GroupResource{Resource: resource}, name)
	}
	switch r.Method {
	case http.MethodGet:
		return old, nil
	case http.MethodDelete:
		if err := preconditions(a, r, old); err != nil {
			return nil, err
		}
		a.delete(at, old)
		return &metav1.Status{Status: metav1.StatusSuccess}, nil
	}
	return a.write(r, resource, name)
}

// write makes, replaces or patches an object, unless it is a dry run.
func (a *API) write(r *http.Request, resource, name string) (runtime.Object, error) {
	old := a.Objects[Key(resource, name)]
	body, err := io.ReadAll(r.Body)
	if err == nil && r.Method == http.MethodPatch {
		body, err = a.merged(r, Key(resource, name), old, body)
	}
	if err != nil {
		return nil, err
	}
	decoded, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, nil)
	if err != nil {
		return nil, apierrors.NewBadRequest(err.Error())
	}
	object := decoded.(plan.Object)
	if object.GetName() == "" {
		object.SetName(fmt.Sprint(object.GetGenerateName(), a.version))
	}
	if a.Admit != nil {
		if err := a.Admit(object); err != nil {
			return nil, err
		}
	}
	at, group := Key(resource, object.GetName()), schema.GroupResource{Resource: resource}
	switch {
	case r.Method == http.MethodPost && a.Objects[at] != nil:
		return nil, apierrors.NewAlreadyExists(group, object.GetName())
	case r.Method == http.MethodPut && old == nil:
		return nil, apierrors.NewNotFound(group, name)
	case r.Method == http.MethodPut && object.GetResourceVersion() != old.GetResourceVersion():
		return nil, apierrors.NewConflict(group, name, fmt.Errorf("it has been modified"))
	case r.URL.Query().Get("dryRun") == "":
		a.store(at, object)
	}
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

// preconditions checks those of a deletion.
func preconditions(a *API, r *http.Request, old plan.Object) error {
	var options metav1.DeleteOptions
	body, err := io.ReadAll(r.Body)
	if err != nil || len(body) == 0 {
		return err
	}
	a.Bodies = append(a.Bodies, string(body))
	kind := &schema.GroupVersionKind{Version: "v1", Kind: "DeleteOptions"}
	if _, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, kind, &options); err != nil {
		if err := json.Unmarshal(body, &options); err != nil {
			return apierrors.NewBadRequest(err.Error())
		}
	}
	p := options.Preconditions
	if p != nil && (p.UID != nil && *p.UID != old.GetUID() || p.ResourceVersion != nil && *p.ResourceVersion != old.GetResourceVersion()) {
		return apierrors.NewConflict(schema.GroupResource{}, old.GetName(), fmt.Errorf("the precondition failed"))
	}
	return nil
}
