package remote

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	clienttesting "k8s.io/client-go/testing"

	"gpk/test/remotetest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }

// reached are pods over a real connection.
func reached(t *testing.T, world remotetest.Pods) *Pods {
	t.Helper()
	// The last parts of the path are those of …/pods/NAME/exec.
	return reachedBy(t, func(w http.ResponseWriter, r *http.Request) { world.Serve(w, r, path.Base(path.Dir(r.URL.Path))) })
}

// reachedBy are pods behind an API server of the test.
func reachedBy(t *testing.T, serve http.HandlerFunc) *Pods {
	t.Helper()
	server := httptest.NewServer(serve)
	t.Cleanup(func() {
		server.CloseClientConnections()
		server.Close()
	})
	config := &rest.Config{Host: server.URL}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	return New(client, config, "analytics", "")
}

// scripts are pods whose scripts answer what the test says.
func scripts(t *testing.T, answer func(script string, args []string, stdin io.Reader, out, errs io.Writer) int) *Pods {
	t.Helper()
	return reached(t, remotetest.Pods{Program: func(_ string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		return answer(strings.TrimPrefix(argv[1], "/gpk/scripts/"), argv[2:], stdin, out, errs)
	}})
}

// A pod is named with its node without the right to get pods, which no command needs, and as well as its node may be seen.
func TestWhere(t *testing.T) {
	pod := func(name, node string) *corev1.Pod {
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "analytics"}, Spec: corev1.PodSpec{NodeName: node}}
	}
	node := func(name string, ready corev1.ConditionStatus) *corev1.Node {
		condition := corev1.NodeCondition{Type: corev1.NodeReady, Status: ready, Message: "Kubelet stopped posting node status."}
		return &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: name}, Status: corev1.NodeStatus{Conditions: []corev1.NodeCondition{condition}}}
	}
	client := fake.NewClientset(pod("p0", "node0"), pod("p1", "node1"), pod("p2", "hidden"), pod("p3", ""),
		node("node0", corev1.ConditionTrue), node("node1", corev1.ConditionUnknown))
	client.PrependReactor("get", "pods", func(clienttesting.Action) (bool, runtime.Object, error) {
		return true, nil, apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no right to get pods"))
	})
	pods := New(client, nil, "analytics", "")
	for name, want := range map[string]string{
		"p0": "pod p0 on node node0",
		"p1": "pod p1 on node node1, which is not ready (Kubelet stopped posting node status.),",
		"p2": "pod p2 on node hidden",
		"p3": "pod p3",
		"p4": "pod p4",
	} {
		if got := pods.Where(t.Context(), name); got != want {
			t.Errorf("%q, wanted %q", got, want)
		}
	}
}

// What arrives after an exec was given up goes nowhere.
func TestTap(t *testing.T) {
	var text strings.Builder
	out := &tap{to: &text, end: func() {}}
	if _, err := out.Write([]byte("before")); err != nil {
		t.Fatal(err)
	}
	out.shut()
	if n, err := out.Write([]byte("after")); n != 0 || err == nil || text.String() != "before" {
		t.Errorf("%d bytes more, error %v: %q", n, err, text.String())
	}
}
