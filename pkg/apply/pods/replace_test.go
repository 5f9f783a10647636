package pods

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
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

var setType = metav1.TypeMeta{APIVersion: "apps/v1", Kind: "StatefulSet"}

// The set is asked for once, and only where a pod is not as it is to be.
func TestToReplaceAsksOnce(t *testing.T) {
	set := &appsv1.StatefulSet{TypeMeta: setType, ObjectMeta: apitest.Meta("demo-primary", "demo"), Status: appsv1.StatefulSetStatus{UpdateRevision: "new"}}
	set.Spec.Template.Spec.Containers = apitest.ContainerOf("x:2", "", "")
	for image, want := range map[string]string{"x:2": "", "mirror.example/x:2": "GET statefulsets, PATCH statefulsets, POST pods"} {
		a := apitest.New()
		a.Put(set.DeepCopy())
		for i := range 5 {
			pod := &corev1.Pod{ObjectMeta: apitest.Meta(fmt.Sprintf("demo-primary-%d", i), "demo"), Spec: corev1.PodSpec{Containers: apitest.ContainerOf(image, "", "")}}
			pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
			a.Put(pod)
		}
		var asked []string
		a.FailWith(func(r *http.Request) error {
			resource := strings.Split(r.URL.Path, "/namespaces/analytics/")[1]
			if r.Method != http.MethodGet || resource != "pods" {
				asked = append(asked, r.Method+" "+strings.TrimSuffix(resource, "/demo-primary"))
			}
			return nil
		})
		_, err := clusterFor(t, apitest.ConfigOf(a)).pods.Revisions.ToReplace(t.Context(), []*appsv1.StatefulSet{set})
		if got := strings.Join(asked, ", "); err != nil || got != want {
			t.Errorf("%s: asked %q, error %v", image, got, err)
		}
	}
}

// A webhook may rewrite the image of a StatefulSet, of its pods, or of both. A pod that would be the same again is never replaced, not even
// if it was made from an earlier template. Another release is, and once only.
func TestToReplaceBehindWebhooks(t *testing.T) {
	type pod struct {
		image, revision string
	}
	for name, test := range map[string]struct {
		rewrites string
		live     string
		pod      pod
		wanted   string
		replaced bool
	}{
		"the same":                       {"StatefulSet", "mirror/x:1", pod{"mirror/x:1", "new"}, "x:1", false},
		"the same, of another revision":  {"StatefulSet", "mirror/x:1", pod{"mirror/x:1", "old"}, "x:1", false},
		"another release":                {"StatefulSet", "mirror/x:1", pod{"mirror/x:1", "new"}, "x:2", true},
		"another release, applied":       {"StatefulSet", "mirror/x:2", pod{"mirror/x:1", "old"}, "x:2", true},
		"another release, replaced":      {"StatefulSet", "mirror/x:2", pod{"mirror/x:2", "new"}, "x:2", false},
		"of pods, another revision":      {"Pod", "x:1", pod{"mirror/x:1", "old"}, "x:1", false},
		"of pods, another release":       {"Pod", "x:1", pod{"mirror/x:1", "new"}, "x:2", true},
		"of both, another revision":      {"StatefulSet Pod", "mirror/x:1", pod{"mirror/mirror/x:1", "old"}, "x:1", false},
		"of both, another release":       {"StatefulSet Pod", "mirror/x:2", pod{"mirror/mirror/x:1", "old"}, "x:2", true},
		"made before the webhook was":    {"StatefulSet", "x:1", pod{"x:1", "new"}, "x:1", false},
		"made before it, other revision": {"StatefulSet", "x:1", pod{"x:1", "old"}, "x:1", false},
	} {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			set := &appsv1.StatefulSet{TypeMeta: setType, ObjectMeta: apitest.Meta("demo-primary", "demo"), Status: appsv1.StatefulSetStatus{UpdateRevision: "new"}}
			set.Spec.Template.Spec.Containers = apitest.ContainerOf(test.live, "", "")
			made := &corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-0", "demo"), Spec: corev1.PodSpec{Containers: apitest.ContainerOf(test.pod.image, "", "")}}
			made.Labels[appsv1.StatefulSetRevisionLabel] = test.pod.revision
			made.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
			a.Put(set.DeepCopy(), made)
			a.Admit = func(object plan.Object) error {
				spec := &corev1.PodSpec{}
				switch o := object.(type) {
				case *appsv1.StatefulSet:
					spec = &o.Spec.Template.Spec
				case *corev1.Pod:
					spec = &o.Spec
				}
				if strings.Contains(test.rewrites, object.GetObjectKind().GroupVersionKind().Kind) {
					spec.Containers[0].Image = "mirror/" + spec.Containers[0].Image
				}
				return nil
			}
			set.Spec.Template.Spec.Containers = apitest.ContainerOf(test.wanted, "", "")
			old, err := clusterFor(t, apitest.ConfigOf(a)).pods.Revisions.ToReplace(t.Context(), []*appsv1.StatefulSet{set})
			if err != nil || len(old) == 1 != test.replaced {
				t.Errorf("to replace: %d pods, error %v", len(old), err)
			}
		})
	}
}

func toReplace(t *testing.T, wanted, has []corev1.Container, revision string) bool {
	t.Helper()
	return toReplaceOf(t, wanted, wanted, has, revision)
}

func toReplaceOf(t *testing.T, wanted, live, has []corev1.Container, revision string) bool {
	t.Helper()
	set := &appsv1.StatefulSet{TypeMeta: setType, ObjectMeta: apitest.Meta("demo-primary", "demo"), Status: appsv1.StatefulSetStatus{UpdateRevision: "new"}}
	set.Spec.Template.Spec.Containers = wanted
	pod := &corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-0", "demo"), Spec: corev1.PodSpec{Containers: has}}
	pod.Labels[appsv1.StatefulSetRevisionLabel] = revision
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
	stranger := &corev1.Pod{ObjectMeta: apitest.Meta("visitor", "demo"), Spec: corev1.PodSpec{Containers: apitest.ContainerOf("y:1", "", "")}}
	a := apitest.New()
	applied := set.DeepCopy()
	applied.Spec.Template.Spec.Containers = live
	a.Put(applied, pod, stranger)
	old, err := clusterFor(t, apitest.ConfigOf(a)).pods.Revisions.ToReplace(t.Context(), []*appsv1.StatefulSet{set})
	if err != nil || len(old) > 1 {
		t.Fatalf("%v, error %v", old, err)
	}
	return len(old) == 1
}
