package apply

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

func amountsOf(memory string) corev1.ResourceList {
	if memory == "" {
		return nil
	}
	return corev1.ResourceList{corev1.ResourceMemory: resource.MustParse(memory)}
}

func containerOf(image, request, limit string) []corev1.Container {
	return []corev1.Container{{Name: plan.Container, Image: image,
		Resources: corev1.ResourceRequirements{Requests: amountsOf(request), Limits: amountsOf(limit)}}}
}

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
			got := toReplace(t, containerOf("x:2", "1Gi", "2Gi"), containerOf(test.image, test.request, test.limit), test.revision)
			if got != test.replaced {
				t.Errorf("replaced: %v", got)
			}
		})
	}
	// A limit that nobody asks for is a LimitRange's, unless the template had it that the pod was made from.
	for revision, want := range map[string]bool{"new": false, "old": true} {
		if got := toReplace(t, containerOf("x:2", "1Gi", ""), containerOf("x:2", "1Gi", "2Gi"), revision); got != want {
			t.Errorf("a limit of revision %s: replaced %v", revision, got)
		}
	}
}

// What a webhook has made of the wanted template would be made of it again. A template that is not applied yet says nothing of its pods.
func TestToReplaceRewritten(t *testing.T) {
	wanted, rewritten := containerOf("x:2", "1Gi", "2Gi"), containerOf("mirror.example/x:2", "1500Mi", "2Gi")
	tests := map[string]struct {
		live     []corev1.Container
		revision string
		replaced bool
	}{
		"of the wanted template":     {wanted, "new", false},
		"of an earlier one":          {wanted, "old", true},
		"of the one before the step": {containerOf("x:1", "1Gi", "2Gi"), "new", true},
	}
	for name, test := range tests {
		if got := toReplaceOf(t, wanted, test.live, rewritten, test.revision); got != test.replaced {
			t.Errorf("%s: replaced %v", name, got)
		}
	}
}

// The set is asked for once, and only where a pod is not as it is to be.
func TestToReplaceAsksOnce(t *testing.T) {
	set := &appsv1.StatefulSet{ObjectMeta: meta("demo-primary", "demo"), Status: appsv1.StatefulSetStatus{UpdateRevision: "new"}}
	set.Spec.Template.Spec.Containers = containerOf("x:2", "", "")
	for image, want := range map[string]int32{"x:2": 0, "mirror.example/x:2": 1} {
		a := newAPI()
		a.put(set.DeepCopy())
		for i := range 5 {
			pod := &corev1.Pod{ObjectMeta: meta(fmt.Sprintf("demo-primary-%d", i), "demo"), Spec: corev1.PodSpec{Containers: containerOf(image, "", "")}}
			pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
			a.put(pod)
		}
		var asked atomic.Int32
		a.failWith(func(r *http.Request) error {
			if strings.Contains(r.URL.Path, "/statefulsets/") {
				asked.Add(1)
			}
			return nil
		})
		if _, err := a.target(t).toReplace(t.Context(), []*appsv1.StatefulSet{set}); err != nil || asked.Load() != want {
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
	set := &appsv1.StatefulSet{ObjectMeta: meta("demo-primary", "demo"), Status: appsv1.StatefulSetStatus{UpdateRevision: "new"}}
	set.Spec.Template.Spec.Containers = wanted
	pod := &corev1.Pod{ObjectMeta: meta("demo-primary-0", "demo"), Spec: corev1.PodSpec{Containers: has}}
	pod.Labels[appsv1.StatefulSetRevisionLabel] = revision
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
	stranger := &corev1.Pod{ObjectMeta: meta("visitor", "demo"), Spec: corev1.PodSpec{Containers: containerOf("y:1", "", "")}}
	a := newAPI()
	applied := set.DeepCopy()
	applied.Spec.Template.Spec.Containers = live
	a.put(applied, pod, stranger)
	old, err := a.target(t).toReplace(t.Context(), []*appsv1.StatefulSet{set})
	if err != nil || len(old) > 1 {
		t.Fatalf("%v, error %v", old, err)
	}
	return len(old) == 1
}

// The pods that bring an image tell what is in it and are gone afterwards, those of an earlier gpk too.
func TestPulled(t *testing.T) {
	a := newAPI()
	var made []string
	a.stored = func(object plan.Object) []plan.Object {
		pod, ok := object.(*corev1.Pod)
		if ok && pod.Labels["app.kubernetes.io/name"] == "greenplum-image" && pod.Spec.NodeName != "" {
			made = append(made, pod.Spec.NodeName+" "+pod.OwnerReferences[0].Name)
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: plan.Container, State: corev1.ContainerState{
				Terminated: &corev1.ContainerStateTerminated{Message: "release postgres (Greenplum Database) 7.2.0 build x\n" +
					"catalogue Catalog version number:               302305251\nend\n"}}}}
		}
		return nil
	}
	set := &appsv1.StatefulSet{ObjectMeta: meta("demo-primary", "demo")}
	set.Spec.Template.Spec.Containers = containerOf("x:2", "", "")
	a.put(set, &corev1.ConfigMap{ObjectMeta: meta("demo-scripts", "demo")})
	for i := range 3 {
		pod := &corev1.Pod{ObjectMeta: meta(fmt.Sprintf("demo-primary-%d", i), "demo"),
			Spec: corev1.PodSpec{NodeName: fmt.Sprintf("node%d", i%2), Containers: containerOf("x:1", "", "")}}
		pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
		a.put(pod)
	}
	puller := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "demo-image-", Namespace: ref.Namespace, Labels: plan.ImageLabels("demo")}}
	puller.Spec.Containers = containerOf("x:2", "", "")
	puller.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: "demo-scripts"}}}}}
	left := puller.DeepCopy()
	left.Name = "demo-image-left"
	a.put(left)

	target := a.target(t)
	h := &pulledHandler{target: target, action: plan.Pulled{Replacing: []*appsv1.StatefulSet{set}, Pod: puller, Version: "7.2.0"}}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Pending || len(finding.Details) != 3 {
		t.Fatalf("found %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if len(h.seen) != 2 {
		t.Errorf("seen %+v", h.seen)
	}
	for node, answer := range h.seen {
		if answer.fault != "" || answer.image.Release != "7.2.0" || answer.image.Catalogue != "302305251" {
			t.Errorf("%s: %+v", node, answer)
		}
	}
	if len(made) != 2 || !strings.HasSuffix(made[0], " demo-scripts") {
		t.Errorf("made %q", made)
	}
	for _, name := range a.names("pods") {
		if strings.HasPrefix(name, "demo-image-") {
			t.Errorf("pod %s is left", name)
		}
	}
}

func TestImageAnswer(t *testing.T) {
	ended := func(status int32, message string) *corev1.Pod {
		return &corev1.Pod{Spec: corev1.PodSpec{NodeName: "node1"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: plan.Container, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: status, Message: message}}}}}}
	}
	waits := func(reason string) *corev1.Pod {
		return &corev1.Pod{Spec: corev1.PodSpec{NodeName: "node1"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: plan.Container, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}}}}
	}
	tests := map[string]struct {
		pod          *corev1.Pod
		ended, fault bool
		err          bool
	}{
		"told":               {pod: ended(0, "release postgres (Greenplum Database) 7.2.0\nend\n"), ended: true},
		"cut off":            {pod: ended(0, "release postgres (Greenplum Database) 7.2.0\n"), ended: true, fault: true},
		"no bash":            {pod: ended(128, `exec: "/bin/bash": no such file`), ended: true, fault: true},
		"still being pulled": {pod: waits("ContainerCreating")},
		"not to be had":      {pod: waits("ImagePullBackOff"), err: true},
		"refused":            {pod: &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "OutOfpods"}}, ended: true, fault: true},
	}
	for name, test := range tests {
		answer, ended, err := imageAnswerOf(test.pod)
		if ended != test.ended || (answer.fault != "") != test.fault || (err != nil) != test.err {
			t.Errorf("%s: %+v, %v, %v", name, answer, ended, err)
		}
	}
	if fault := imageFault(segments.Image{Release: "7.1.0"}, "7.2.0", "x:2", "node node1"); !strings.Contains(fault, "seen in node node1") {
		t.Errorf("%q", fault)
	}
}
