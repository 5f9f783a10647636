package pods

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/test/apitest"
)

// What the database container is made of decides, and not the revision alone: a pod may have been made from an earlier template
// that differs in nothing that matters.
func TestToReplace(t *testing.T) {
	tests := map[string]struct {
		image, request, limit string
		revision              string
		replaced              bool
	}{
		"as it is to be":    {"x:2", "1Gi", "2Gi", "new", false},
		"written otherwise": {"x:2", "1024Mi", "2048Mi", "new", false},
		"of an earlier template, and still the same": {"x:2", "1Gi", "2Gi", "old", false},
		"another image": {"x:1", "1Gi", "2Gi", "old", true},
		"less memory":   {"x:2", "512Mi", "2Gi", "old", true},
		"no limit":      {"x:2", "1Gi", "", "old", true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := toReplace(t, apitest.ContainerOf("x:2", "1Gi", "2Gi"), apitest.ContainerOf(test.image, test.request, test.limit), test.revision)
			if got != test.replaced {
				t.Errorf("replaced: %v", got)
			}
		})
	}
	// A limit that nobody asks for is a LimitRange's, unless the template had it that the pod was made from.
	for revision, want := range map[string]bool{"new": false, "old": true} {
		if got := toReplace(t, apitest.ContainerOf("x:2", "1Gi", ""), apitest.ContainerOf("x:2", "1Gi", "2Gi"), revision); got != want {
			t.Errorf("a limit of revision %s: replaced %v", revision, got)
		}
	}
}

// What a webhook has made of the wanted template would be made of it again. A template that is not applied yet says nothing of its pods.
func TestToReplaceRewritten(t *testing.T) {
	wanted, rewritten := apitest.ContainerOf("x:2", "1Gi", "2Gi"), apitest.ContainerOf("mirror.example/x:2", "1500Mi", "2Gi")
	tests := map[string]struct {
		live     []corev1.Container
		revision string
		replaced bool
	}{
		"of the wanted template":     {wanted, "new", false},
		"of an earlier one":          {wanted, "old", true},
		"of the one before the step": {apitest.ContainerOf("x:1", "1Gi", "2Gi"), "new", true},
	}
	for name, test := range tests {
		if got := toReplaceOf(t, wanted, test.live, rewritten, test.revision); got != test.replaced {
			t.Errorf("%s: replaced %v", name, got)
		}
	}
}

// The set is asked for once, and only where a pod is not as it is to be.
func TestToReplaceAsksOnce(t *testing.T) {
	set := &appsv1.StatefulSet{ObjectMeta: apitest.Meta("demo-primary", "demo"), Status: appsv1.StatefulSetStatus{UpdateRevision: "new"}}
	set.Spec.Template.Spec.Containers = apitest.ContainerOf("x:2", "", "")
	for image, want := range map[string]int32{"x:2": 0, "mirror.example/x:2": 1} {
		a := apitest.New()
		a.Put(set.DeepCopy())
		for i := range 5 {
			pod := &corev1.Pod{ObjectMeta: apitest.Meta(fmt.Sprintf("demo-primary-%d", i), "demo"), Spec: corev1.PodSpec{Containers: apitest.ContainerOf(image, "", "")}}
			pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
			a.Put(pod)
		}
		var asked atomic.Int32
		a.FailWith(func(r *http.Request) error {
			if strings.Contains(r.URL.Path, "/statefulsets/") {
				asked.Add(1)
			}
			return nil
		})
		if _, err := clusterFor(t, apitest.ConfigOf(a)).pods.ToReplace(t.Context(), []*appsv1.StatefulSet{set}); err != nil || asked.Load() != want {
			t.Errorf("%s: asked %d times, error %v", image, asked.Load(), err)
		}
	}
}

func toReplace(t *testing.T, wanted, has []corev1.Container, revision string) bool {
	t.Helper()
	return toReplaceOf(t, wanted, wanted, has, revision)
}

func toReplaceOf(t *testing.T, wanted, live, has []corev1.Container, revision string) bool {
	t.Helper()
	set := &appsv1.StatefulSet{ObjectMeta: apitest.Meta("demo-primary", "demo"), Status: appsv1.StatefulSetStatus{UpdateRevision: "new"}}
	set.Spec.Template.Spec.Containers = wanted
	pod := &corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-0", "demo"), Spec: corev1.PodSpec{Containers: has}}
	pod.Labels[appsv1.StatefulSetRevisionLabel] = revision
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
	stranger := &corev1.Pod{ObjectMeta: apitest.Meta("visitor", "demo"), Spec: corev1.PodSpec{Containers: apitest.ContainerOf("y:1", "", "")}}
	a := apitest.New()
	applied := set.DeepCopy()
	applied.Spec.Template.Spec.Containers = live
	a.Put(applied, pod, stranger)
	old, err := clusterFor(t, apitest.ConfigOf(a)).pods.ToReplace(t.Context(), []*appsv1.StatefulSet{set})
	if err != nil || len(old) > 1 {
		t.Fatalf("%v, error %v", old, err)
	}
	return len(old) == 1
}
