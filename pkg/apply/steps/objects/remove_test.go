package objects

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// Only the cluster's own objects of the named kinds go, and its record stays until the very end.
func TestRemove(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-scripts", "demo")}, &corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-gpk", "demo")},
		&corev1.ConfigMap{ObjectMeta: apitest.Meta("other-scripts", "other")}, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "somebody's"}},
		&corev1.Service{ObjectMeta: apitest.Meta("demo", "demo")}, &corev1.PersistentVolumeClaim{ObjectMeta: apitest.Meta("data-demo-primary-0", "demo")})
	target := roomtest.New(t, apitest.ConfigOf(a))
	h := &removeHandler{target.Kube, target.Pods, plan.Remove{Kinds: []string{"Service", "ConfigMap"}}}
	finding, err := h.Check(t.Context())
	if err != nil || finding.State != engine.Pending || !slices.Equal(finding.Details, []string{"Service/demo exists", "ConfigMap/demo-scripts exists"}) {
		t.Errorf("found %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if left := a.Names("configmaps"); !slices.Equal(left, []string{"demo-gpk", "other-scripts", "somebody's"}) {
		t.Errorf("ConfigMaps left: %q", left)
	}
	if left := slices.Concat(a.Names("services"), a.Names("persistentvolumeclaims")); !slices.Equal(left, []string{"data-demo-primary-0"}) {
		t.Errorf("left: %q", left)
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("afterwards: %+v, error %v", finding, err)
	}
}

// An object that somebody made anew under the same name meanwhile is not the one that was to go.
func TestRemoveKnowsObjectsByUID(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.Service{ObjectMeta: apitest.Meta("demo", "demo")})
	if err := roomtest.New(t, apitest.ConfigOf(a)).Kube.API.CoreV1().Services(apitest.Ref.Namespace).Delete(t.Context(), "demo", metav1.DeleteOptions{
		Preconditions: &metav1.Preconditions{UID: new(a.Get("services", "demo").GetUID() + "x")}}); err == nil {
		t.Fatal("the fake API does not look at preconditions")
	}
	target := roomtest.New(t, apitest.ConfigOf(a))
	h := &removeHandler{target.Kube, target.Pods, plan.Remove{Kinds: []string{"Service"}}}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(a.Bodies, func(body string) bool { return strings.Contains(body, `uid`) }) {
		t.Errorf("deleted without a precondition: %q", a.Bodies)
	}
}

// Pods go in their own time: the wait sees it.
func TestRemoveWaits(t *testing.T) {
	a := apitest.New()
	a.Put(&corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-0", "demo")}, &corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-1", "demo")})
	a.Lingers = 100 * time.Millisecond
	var told []string
	target := roomtest.New(t, apitest.Served(t, a))
	h := &removeHandler{target.Kube, target.Pods, plan.Remove{Kinds: []string{"Pod"}}}
	start := time.Now()
	if err := h.Do(t.Context(), func(line string) { told = append(told, line) }); err != nil {
		t.Fatal(err)
	}
	if left := a.Names("pods"); len(left) > 0 || time.Since(start) > 5*time.Second {
		t.Errorf("after %s there are left %q", time.Since(start), left)
	}
	if len(told) == 0 || told[0] != "2 objects still exist; Pod/demo-primary-0" {
		t.Errorf("told %q", told)
	}
}
