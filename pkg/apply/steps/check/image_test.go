package check

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// inspectedOf is the handler of the look into the image of the tests' cluster.
func inspectedOf(t *testing.T, a *apitest.API) *inspectedHandler {
	t.Helper()
	p, err := plan.Check(apitest.Cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range p.Steps {
		if action, ok := step.Action.(plan.Inspected); ok {
			rooms := roomtest.New(t, apitest.ConfigOf(a))
			return &inspectedHandler{kube: rooms.Kube, pods: rooms.Pods, action: action}
		}
	}
	t.Fatal("the plan does not look into the image")
	return nil
}

// ends has the pod that looks into the image be on a node and end.
func ends(status int32, message string) func(plan.Object) []plan.Object {
	return has(func(pod *corev1.Pod) {
		pod.Spec.NodeName = "node1"
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: plan.Container, State: corev1.ContainerState{
			Terminated: &corev1.ContainerStateTerminated{ExitCode: status, Message: message}}}}
	})
}

// waits has that pod wait on a node.
func waits(reason, message string) func(plan.Object) []plan.Object {
	return has(func(pod *corev1.Pod) {
		pod.Spec.NodeName = "node1"
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: plan.Container, State: apitest.Waits(reason, message)}}
	})
}

func has(change func(*corev1.Pod)) func(plan.Object) []plan.Object {
	return func(object plan.Object) []plan.Object {
		if pod, ok := object.(*corev1.Pod); ok {
			change(pod)
		}
		return nil
	}
}

const release = "release postgres (Greenplum Database) 7.1.0 build x\n"

func TestImageFaults(t *testing.T) {
	pods := schema.GroupResource{Resource: "pods"}
	for name, test := range map[string]struct {
		stored func(plan.Object) []plan.Object
		fail   error
		state  engine.State
		// details are the beginnings of what it finds.
		details []string
	}{
		"good": {stored: ends(0, release+"end\n"), state: engine.Done},
		"a relative": {stored: ends(0, "release postgres (Lightning) 7.1.0\nend\n"), state: engine.Done,
			details: []string{"the database of the image registry.example/greenplum:7.1.0 calls itself Lightning, which gpk was not tried with"}},
		"no shell": {stored: ends(128, `exec: "/bin/bash": stat /bin/bash: no such file or directory`), state: engine.Blocked,
			details: []string{"the image registry.example/greenplum:7.1.0 has no /bin/bash (seen in node node1)"}},
		"wrong architecture": {stored: ends(255, "exec /bin/bash: exec format error"), state: engine.Blocked,
			details: []string{"the image registry.example/greenplum:7.1.0 is for another processor architecture than the node (seen in node node1)"}},
		"plain PostgreSQL": {stored: ends(0, "missing sshd\nmissing gpinitsystem\nrelease postgres: --gp-version: invalid\nend\n"),
			state: engine.Blocked, details: []string{"the image registry.example/greenplum:7.1.0 (seen in node node1) has a PostgreSQL that is not Greenplum"}},
		"all at once": {stored: ends(0, "missing sshd\nmissing rsync\nmissing the locale xx_YY\nlocales C en_US.utf8\n"+
			"release postgres (Greenplum Database) 6.25.0\nrefused work_mem too small\nend\n"), state: engine.Blocked,
			details: []string{
				"the image registry.example/greenplum:7.1.0 (seen in node node1) lacks sshd, rsync",
				"the image registry.example/greenplum:7.1.0 (seen in node node1) lacks the locale xx_YY; spec.database.locale can be",
				"the image registry.example/greenplum:7.1.0 (seen in node node1) has the release 6.25.0, but spec.version is 7.1.0",
				"the server of the image registry.example/greenplum:7.1.0 refuses these settings: work_mem"}},
		"something else": {stored: ends(3, "no idea"), state: engine.Blocked,
			details: []string{"the image registry.example/greenplum:7.1.0 (seen in node node1) cannot be inspected: exit status 3 no idea"}},
		"not to be had": {stored: waits("ImagePullBackOff", "manifest unknown"), state: engine.Blocked,
			details: []string{"pod demo-image: the image "}},
		"a registry that stays away": {stored: waits("ImagePullBackOff", "503"), state: engine.Blocked,
			details: []string{"pod demo-image, which looks into the image registry.example/greenplum:7.1.0, does not start"}},
		"a container that cannot be made": {stored: waits("CreateContainerConfigError", "image will run as root"), state: engine.Blocked,
			details: []string{"pod demo-image, which looks into the image registry.example/greenplum:7.1.0, does not start"}},
		// What keeps the pod away is no fault of the image.
		"no node": {state: engine.Done, details: []string{
			"gpk did not check the image registry.example/greenplum:7.1.0 before anything is made: pod demo-image has no node after 30s"}},
		"a policy": {fail: apierrors.NewForbidden(pods, "demo-image", fmt.Errorf("pods need an owner")), state: engine.Done,
			details: []string{"gpk did not check the image registry.example/greenplum:7.1.0 before anything is made: pod demo-image: "}},
		"no namespace": {fail: apierrors.NewNotFound(schema.GroupResource{Resource: "namespaces"}, "analytics"), state: engine.Blocked,
			details: []string{`the namespace "analytics" does not exist`}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := apitest.New()
				a.Rights, a.Stored = apitest.All(), test.stored
				a.Fail = func(r *http.Request) error {
					if r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/pods") {
						return test.fail
					}
					return nil
				}
				h := inspectedOf(t, a)
				if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
					t.Fatalf("before: %+v, error %v", finding, err)
				}
				if err := h.Do(t.Context(), func(string) {}); err != nil {
					t.Fatal(err)
				}
				finding, err := h.Check(t.Context())
				same := slices.EqualFunc(finding.Details, test.details, strings.HasPrefix)
				if err != nil || finding.State != test.state || !same {
					t.Errorf("%s %q, error %v, want %s %q", finding.State, finding.Details, err, test.state, test.details)
				}
				if finding.State == engine.Blocked && finding.Next.Empty() {
					t.Error("it does not say what to do")
				}
				if left := a.Names("pods"); len(left) > 0 {
					t.Errorf("pods %q are left", left)
				}
			})
		})
	}
}

// No pod is made for a user who could not delete it, nor where pods of the cluster can be looked into.
func TestImageNotLookedInto(t *testing.T) {
	onPods := func(verbs ...string) []rbacv1.PolicyRule {
		return []rbacv1.PolicyRule{{Verbs: verbs, APIGroups: []string{""}, Resources: []string{"pods"}}}
	}
	for name, test := range map[string]struct {
		rights []rbacv1.PolicyRule
		set    bool
		note   string
	}{
		"no right to create": {rights: onPods("list", "delete"), note: "you may not create pod demo-image"},
		"no right to delete": {rights: onPods("list", "create"), note: "you may not delete pod demo-image"},
		"no answer":          {note: "forbidden"},
		"a cluster":          {rights: apitest.All(), set: true},
	} {
		a := apitest.New()
		a.Rights = test.rights
		h := inspectedOf(t, a)
		if test.set {
			a.Put(h.action.Sets[0].DeepCopy())
		}
		finding, err := h.Check(t.Context())
		if err != nil || finding.State != engine.Done || (test.note == "") != (len(finding.Details) == 0) ||
			!strings.Contains(strings.Join(finding.Details, ""), test.note) {
			t.Errorf("%s: %+v, error %v", name, finding, err)
		}
	}
}

// A pod that a gpk has left behind which was killed gives way, and is removed by `gpk delete` as well.
func TestImagePodLeftBehind(t *testing.T) {
	a := apitest.New()
	a.Rights, a.Stored = apitest.All(), ends(0, release+"end\n")
	h := inspectedOf(t, a)
	left := func() {
		pod := h.action.Pod.DeepCopy()
		pod.ObjectMeta = metav1.ObjectMeta{Name: pod.Name, Labels: pod.Labels}
		a.Put(pod)
	}
	left()
	if err := h.Do(t.Context(), func(string) {}); err != nil || len(a.Names("pods")) > 0 {
		t.Errorf("pods %q, error %v", a.Names("pods"), err)
	}
	left()
	over := &leftOverHandler{kube: h.kube, left: h.pods.ShortLived(plan.InspectorLabels(apitest.Ref.Name))}
	if finding, err := over.Check(t.Context()); err != nil || finding.State != engine.Pending {
		t.Errorf("%+v, error %v", finding, err)
	}
	if err := over.Do(t.Context(), func(string) {}); err != nil || len(a.Names("pods")) > 0 {
		t.Errorf("pods %q, error %v", a.Names("pods"), err)
	}
	if finding, err := over.Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("%+v, error %v", finding, err)
	}
}

// An interrupted look leaves no pod.
func TestImageInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := apitest.New()
		a.Rights = apitest.All()
		h := inspectedOf(t, a)
		ctx, cancel := contextFor(t, time.Second)
		defer cancel()
		if err := h.Do(ctx, func(string) {}); err == nil || len(a.Names("pods")) > 0 {
			t.Errorf("pods %q, error %v", a.Names("pods"), err)
		}
	})
}
