package apply

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// ended has the pod that looks into the image end with what it found.
func ended(message string) func(plan.Object) []plan.Object {
	return func(object plan.Object) []plan.Object {
		if pod, ok := object.(*corev1.Pod); ok && pod.Name == plan.InspectorName(apitest.Ref.Name) {
			pod.Spec.NodeName = "node1"
			pod.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: plan.Container, State: corev1.ContainerState{
				Terminated: &corev1.ContainerStateTerminated{Message: message}}}}
		}
		return nil
	}
}

// unmade is an API server with all rights, on which nothing of the cluster has been made.
func unmade(image string) *apitest.API {
	a := apitest.New()
	a.Rights, a.Release, a.Stored = apitest.All(), "v1.34.0", ended(image)
	return a
}

const (
	goodImage  = "release postgres (Greenplum Database) 7.1.0\nend\n"
	wrongImage = "missing sshd\nrelease postgres (Greenplum Database) 7.2.0\nend\n"
)

func passwordsSecret() *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "passwords"}, Data: map[string][]byte{"visitor": []byte("open sesame")}}
}

// refusedSteps are the steps that are in the way, by name.
func refusedSteps(found []engine.Preview) (steps []string) {
	for _, preview := range found {
		if preview.Refusal() != nil {
			steps = append(steps, preview.Step.ID)
		}
	}
	return steps
}

// wantKept wants that nothing but these was kept on the server.
func wantKept(t *testing.T, a *apitest.API, want ...string) {
	t.Helper()
	var kept []string
	for resource := range apitest.Kinds() {
		for _, name := range a.Names(resource) {
			kept = append(kept, resource+"/"+name)
		}
	}
	slices.Sort(kept)
	if !slices.Equal(kept, want) {
		t.Errorf("there are %q, want %q", kept, want)
	}
}

// A check tells everything at once, and leaves nothing.
func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		image string
		put   []plan.Object
		want  []string
		kept  []string
	}{
		"good":   {image: goodImage, put: []plan.Object{passwordsSecret()}, kept: []string{"secrets/passwords"}},
		"faults": {image: wrongImage, want: []string{"inspected", "secret"}},
		"names of others": {image: goodImage, put: []plan.Object{passwordsSecret(),
			&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "demo-gpk"}}, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "demo"}}},
			want: []string{"record", "objects"}, kept: []string{"configmaps/demo-gpk", "secrets/passwords", "services/demo"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := unmade(test.image)
			a.Put(test.put...)
			a.Fail = func(r *http.Request) error {
				if strings.HasSuffix(r.URL.Path, "/exec") {
					return apierrors.NewNotFound(schema.GroupResource{Resource: "pods"}, "demo-primary-0")
				}
				return nil
			}
			found, err := Check(t.Context(), clusterFor(t, apitest.Served(t, a)), apitest.Cluster(t), CreateOptions{}, unheard())
			if steps := refusedSteps(found); err != nil || !slices.Equal(steps, test.want) {
				t.Errorf("in the way are %q, error %v, want %q", steps, err, test.want)
			}
			wantKept(t, a, test.kept...)
		})
	}
}

// Rights that are missing are told once, and not by each step that meets them.
func TestCheckWithoutRights(t *testing.T) {
	a := unmade(goodImage)
	account := a.As(nil)
	a.Rights = []rbacv1.PolicyRule{}
	found, err := Check(t.Context(), clusterFor(t, apitest.ConfigOf(a)), apitest.Cluster(t), CreateOptions{}, unheard())
	if steps := refusedSteps(found); err != nil || !slices.Equal(steps, []string{"rights"}) {
		t.Errorf("in the way are %q, error %v", steps, err)
	}
	if len(account.Used()) == 0 {
		t.Error("nothing was asked")
	}
	wantKept(t, a)
}

// create looks first where there is nothing of the cluster, tells all that is in the way, and makes nothing but its lock.
func TestCreateLooksFirst(t *testing.T) {
	a := unmade(wrongImage)
	target := clusterFor(t, apitest.ConfigOf(a))
	_, err := Create(t.Context(), target, apitest.Cluster(t), CreateOptions{File: "cluster.yaml"}, unheard())
	found, ok := errors.AsType[*InTheWayError](err)
	if !ok || !slices.Equal(refusedSteps(found.Found), []string{"inspected", "secret"}) {
		t.Fatalf("error %v", err)
	}
	wantKept(t, a, "leases/demo-gpk")

	// With one thing in the way the error is that of its step.
	a.Put(passwordsSecret())
	_, err = Create(t.Context(), target, apitest.Cluster(t), CreateOptions{File: "cluster.yaml"}, unheard())
	step, ok := errors.AsType[*engine.StepError](err)
	if !ok || step.Step.ID != "inspected" || !strings.Contains(err.Error(), "lacks sshd") {
		t.Fatalf("error %v", err)
	}
	wantKept(t, a, "leases/demo-gpk", "secrets/passwords")
}
