package kube

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/test/apitest"
)

func clientOf(t *testing.T, a *apitest.API) *Client {
	t.Helper()
	k, err := New(apitest.ConfigOf(a), apitest.Ref)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func services(k *Client, waiting func([]metav1.Object) error) Deletion {
	return Deletion{Kind: "Service", Waiting: waiting,
		Left: func(ctx context.Context) ([]metav1.Object, error) { return k.All(ctx, "Service") }}
}

// Objects go at once, or while gpk waits. One that is in deletion is not deleted again.
func TestDeleteAll(t *testing.T) {
	for name, lingers := range map[string]time.Duration{"at once": 0, "later": 3 * time.Second} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := apitest.New()
				a.Lingers = lingers
				a.Put(&corev1.Service{ObjectMeta: apitest.Meta("demo", "demo")}, &corev1.Service{ObjectMeta: apitest.Meta("demo-2", "demo")},
					&corev1.Service{ObjectMeta: apitest.Meta("other", "other")})
				k, looks, begun := clientOf(t, a), 0, time.Now()
				if err := k.DeleteAll(t.Context(), services(k, func([]metav1.Object) error { looks++; return nil })); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begun); took < lingers || took > lingers+time.Second {
					t.Errorf("it took %s", took)
				}
				if left := a.Names("services"); len(left) != 1 || left[0] != "other" || len(a.Requests) != 2 || (looks > 0) != (lingers > 0) {
					t.Errorf("left %q, %d looks, requests %q", left, looks, a.Requests)
				}
			})
		})
	}
}

// The wait ends with its patience, with the context, or with what Waiting says, and names what still exists.
func TestDeleteAllEnds(t *testing.T) {
	interrupted, refused := errors.New("interrupted"), errors.New("refused")
	for want, test := range map[string]struct {
		patience time.Duration
		waiting  error
	}{
		"Service/demo still exists: gpk waited 1m0s for its deletion": {patience: time.Minute},
		"Service/demo still exists: interrupted":                      {},
		"refused":                                                     {waiting: refused},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := apitest.New()
			a.Lingers = time.Hour
			a.Put(&corev1.Service{ObjectMeta: apitest.Meta("demo", "demo")})
			k := clientOf(t, a)
			ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Minute, interrupted)
			defer cancel()
			d := services(k, func([]metav1.Object) error { return test.waiting })
			d.Patience = test.patience
			if err := k.DeleteAll(ctx, d); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			time.Sleep(2 * time.Hour)
		})
	}
}

// An object that has got the name of another meanwhile stays.
func TestDeleteKnowsObjectsByUID(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.Service{ObjectMeta: apitest.Meta("demo", "demo")})
	k := clientOf(t, a)
	if err := k.Delete(t.Context(), "Service", &metav1.ObjectMeta{Name: "demo", UID: "earlier"}, metav1.DeleteOptions{}); err != nil {
		t.Error(err)
	}
	if a.Get("services", "demo") == nil {
		t.Error("the new object is gone")
	}
}

// gpk finds objects by their names, pods by a list: it has no right to get them.
func TestNamed(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-0", "demo")}, &corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-1", "demo")},
		&corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-demo-primary-0"}})
	k := clientOf(t, a)
	for kind, names := range map[string][]string{"Pod": {"demo-primary-1", "nobody"}, "PersistentVolumeClaim": {"data-demo-primary-0", "nobody"}} {
		found, err := k.Named(t.Context(), kind, names)
		if words := Exist(kind, found); err != nil || strings.Join(words, ";") != kind+"/"+names[0]+" exists" {
			t.Errorf("%q, error %v", words, err)
		}
	}
	if _, err := k.Named(t.Context(), "Node", []string{"node1"}); err == nil {
		t.Error("gpk does not delete nodes")
	}
}
