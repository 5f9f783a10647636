package apitest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Respond sends an object, or an error as a Status.
func Respond(w http.ResponseWriter, object runtime.Object, err error) {
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
func (a *API) serveWatch(w http.ResponseWriter, r *http.Request, resource string) {
	events := make(chan metav1.WatchEvent, 1000)
	a.Mutex.Lock()
	items, _ := a.items(resource, r.URL.Query().Get("labelSelector"))
	if r.URL.Query().Get("sendInitialEvents") == "true" {
		for _, item := range items {
			events <- metav1.WatchEvent{Type: "ADDED", Object: runtime.RawExtension{Object: item.DeepCopyObject()}}
		}
		kind := Kinds()[resource]
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
	a.Mutex.Unlock()
	ctx := r.Context()
	if seconds, err := strconv.Atoi(r.URL.Query().Get("timeoutSeconds")); err == nil {
		limited, stop := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
		defer stop()
		ctx = limited
	}
	defer func() {
		a.Mutex.Lock()
		defer a.Mutex.Unlock()
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
