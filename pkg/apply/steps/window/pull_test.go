package window

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// The pods that bring an image tell what is in it and are gone afterwards, those of an earlier gpk too.
func TestPull(t *testing.T) {
	a := apitest.New()
	var made []string
	a.Stored = func(object plan.Object) []plan.Object {
		pod, ok := object.(*corev1.Pod)
		if ok && pod.Labels["app.kubernetes.io/name"] == "greenplum-image" && pod.Spec.NodeName != "" {
			request := pod.Spec.Containers[0].Resources.Requests[corev1.ResourceCPU]
			made = append(made, pod.Spec.NodeName+" "+request.String()+" "+pod.OwnerReferences[0].Name)
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: plan.Container, State: corev1.ContainerState{
				Terminated: &corev1.ContainerStateTerminated{Message: "release postgres (Greenplum Database) 7.2.0 build x\n" +
					"catalogue Catalog version number:               302305251\nend\n"}}}}
		}
		return nil
	}
	set := &appsv1.StatefulSet{ObjectMeta: apitest.Meta("demo-primary", "demo")}
	set.Spec.Template.Spec.Containers = apitest.ContainerOf("x:2", "", "")
	least := corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("64Mi")}
	a.Put(set, &corev1.ConfigMap{ObjectMeta: apitest.Meta("demo-scripts", "demo")}, &corev1.LimitRange{ObjectMeta: metav1.ObjectMeta{Name: "least"},
		Spec: corev1.LimitRangeSpec{Limits: []corev1.LimitRangeItem{{Type: corev1.LimitTypeContainer, Min: least}}}})
	for i := range 3 {
		pod := &corev1.Pod{ObjectMeta: apitest.Meta(fmt.Sprintf("demo-primary-%d", i), "demo"),
			Spec: corev1.PodSpec{NodeName: fmt.Sprintf("node%d", i%2), Containers: apitest.ContainerOf("x:1", "", "")}}
		pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
		a.Put(pod)
	}
	puller := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "demo-image-", Namespace: apitest.Ref.Namespace, Labels: plan.ImageLabels("demo")}}
	puller.Spec.Containers = apitest.ContainerOf("x:2", "0", "256Mi")
	puller.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
		LocalObjectReference: corev1.LocalObjectReference{Name: "demo-scripts"}}}}}
	left := puller.DeepCopy()
	left.Name = "demo-image-left"
	a.Put(left)

	target := roomtest.New(t, apitest.ConfigOf(a))
	h := &pullHandler{kube: target.Kube, remote: target.Remote, pods: target.Pods, db: target.DB, action: plan.Pulled{Replacing: []*appsv1.StatefulSet{set}, Pod: puller, Version: "7.2.0"}}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending || len(finding.Details) != 3 {
		t.Fatalf("found %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if len(h.pulled) != 2 {
		t.Errorf("pulled %+v", h.pulled)
	}
	for node, answer := range h.pulled {
		if answer.fault != "" || answer.image.Release != "7.2.0" || answer.image.Catalogue != "302305251" {
			t.Errorf("%s: %+v", node, answer)
		}
	}
	if len(made) != 2 || !strings.HasSuffix(made[0], " 100m demo-scripts") {
		t.Errorf("made %q", made)
	}
	for _, name := range a.Names("pods") {
		if strings.HasPrefix(name, "demo-image-") {
			t.Errorf("pod %s is left", name)
		}
	}
}

func TestInspectionOf(t *testing.T) {
	ended := func(status int32, message string) *corev1.Pod {
		return &corev1.Pod{Spec: corev1.PodSpec{NodeName: "node1"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: plan.Container, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: status, Message: message}}}}}}
	}
	waits := func(reason, message string) *corev1.Pod {
		return &corev1.Pod{Spec: corev1.PodSpec{NodeName: "node1"}, Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name: plan.Container, State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}}}}}}
	}
	tests := map[string]struct {
		pod          *corev1.Pod
		ended, fault bool
		err          bool
	}{
		"told":               {pod: ended(0, "release postgres (Greenplum Database) 7.2.0\nend\n"), ended: true},
		"cut off":            {pod: ended(0, "release postgres (Greenplum Database) 7.2.0\n"), ended: true, fault: true},
		"no bash":            {pod: ended(128, `exec: "/bin/bash": no such file`), ended: true, fault: true},
		"still being pulled": {pod: waits("ContainerCreating", "")},
		"not to be had":      {pod: waits("ImagePullBackOff", "manifest unknown"), err: true},
		"a busy registry":    {pod: waits("ImagePullBackOff", "429 Too Many Requests")},
		"refused":            {pod: &corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed, Reason: "OutOfpods"}}, ended: true, fault: true},
	}
	for name, test := range tests {
		answer, ended, err := inspectionOf(test.pod, "x:2")
		if ended != test.ended || (answer.fault != "") != test.fault || (err != nil) != test.err {
			t.Errorf("%s: %+v, %v, %v", name, answer, ended, err)
		}
	}
}

// A registry that is away for the moment is waited for, and not for ever.
func TestPullWaitsForRegistry(t *testing.T) {
	for name, back := range map[string]time.Duration{"soon": time.Minute, "never": time.Hour} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := apitest.New()
				pod := apitest.Pod("demo-image-1", apitest.Waits("ImagePullBackOff", "503 Service Unavailable"), false)
				pod.Labels, pod.Spec.NodeName = plan.ImageLabels("demo"), "node1"
				a.Put(pod)
				pulled := pod.DeepCopy()
				pulled.Status.ContainerStatuses[1].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: "end\n"}}
				timer := time.AfterFunc(back, func() { a.Put(pulled) })
				defer timer.Stop()
				wanted := &corev1.Pod{Spec: corev1.PodSpec{Containers: apitest.ContainerOf("x:2", "", "")}}
				room := roomtest.New(t, apitest.ConfigOf(a))
				h := &pullHandler{kube: room.Kube, pods: room.Pods, action: plan.Pulled{Pod: wanted}}
				told, began := "", time.Now()
				err := h.await(t.Context(), []string{"node1"}, func(line string) { told = line })
				if told != "0 of 1 nodes have the image x:2; node node1 waits: ImagePullBackOff: 503 Service Unavailable" {
					t.Errorf("told %q", told)
				}
				took := time.Since(began)
				if name == "soon" && (err != nil || took > 2*time.Minute) {
					t.Errorf("error %v after %s", err, took)
				}
				if name == "never" && (err == nil || !strings.Contains(err.Error(), "node node1 could not pull the image x:2 for 1m30s: ImagePullBackOff: 503") || took > 6*time.Minute) {
					t.Errorf("error %v after %s", err, took)
				}
			})
		})
	}
}
