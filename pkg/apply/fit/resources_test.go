package fit

import (
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/resource"
)

// list is a resource list from "cpu=1 memory=2Gi".
func list(text string) corev1.ResourceList {
	found := corev1.ResourceList{}
	for _, part := range strings.Fields(text) {
		name, quantity, _ := strings.Cut(part, "=")
		found[corev1.ResourceName(name)] = resource.MustParse(quantity)
	}
	return found
}

func container(requests, limits string) corev1.Container {
	return corev1.Container{Resources: corev1.ResourceRequirements{Requests: list(requests), Limits: list(limits)}}
}

func sidecar(requests string) corev1.Container {
	c := container(requests, "")
	c.RestartPolicy = new(corev1.ContainerRestartPolicyAlways)
	return c
}

func TestRequests(t *testing.T) {
	type containers = []corev1.Container
	tests := []struct {
		name string
		spec corev1.PodSpec
		want string
	}{
		{"containers add up", corev1.PodSpec{Containers: containers{container("cpu=1 memory=1Gi", ""), container("cpu=500m", "")}}, "cpu=1500m memory=1Gi"},
		{"a limit without a request is one", corev1.PodSpec{Containers: containers{container("cpu=1", "cpu=2 memory=1Gi")}}, "cpu=1 memory=1Gi"},
		{"a request of nothing stays", corev1.PodSpec{Containers: containers{container("cpu=0", "cpu=2")}}, "cpu=0"},
		{"no requests", corev1.PodSpec{Containers: containers{{}}}, ""},
		{"init containers run one after the other, before the others", corev1.PodSpec{
			InitContainers: containers{container("cpu=3", ""), container("cpu=1 memory=2Gi", "")}, Containers: containers{container("cpu=2 memory=1Gi", "")}}, "cpu=3 memory=2Gi"},
		{"the limit of an init container", corev1.PodSpec{InitContainers: containers{container("", "cpu=3")}, Containers: containers{container("cpu=2", "")}}, "cpu=3"},
		{"a sidecar runs beside the others", corev1.PodSpec{InitContainers: containers{sidecar("cpu=1")}, Containers: containers{container("cpu=2", "")}}, "cpu=3"},
		{"a sidecar runs beside later init containers", corev1.PodSpec{
			InitContainers: containers{sidecar("cpu=1"), container("cpu=4", "")}, Containers: containers{container("cpu=2", "")}}, "cpu=5"},
		{"a sidecar does not run beside earlier ones", corev1.PodSpec{
			InitContainers: containers{container("cpu=4", ""), sidecar("cpu=1")}, Containers: containers{container("cpu=2", "")}}, "cpu=4"},
		{"overhead", corev1.PodSpec{Overhead: list("cpu=250m"), Containers: containers{container("cpu=1", "")}}, "cpu=1250m"},
		{"requests of the pod as a whole", corev1.PodSpec{Resources: &corev1.ResourceRequirements{Requests: list("cpu=5")}, Containers: containers{container("cpu=1 memory=1Gi", "")}},
			"cpu=5 memory=1Gi"},
	}
	for _, test := range tests {
		before := test.spec.DeepCopy()
		got := Requests(&test.spec)
		if want := list(test.want); !maps.EqualFunc(got, want, func(a, b resource.Quantity) bool { return a.Cmp(b) == 0 }) {
			t.Errorf("%s: %v, not %v", test.name, got, want)
		}
		if !equality.Semantic.DeepEqual(before, &test.spec) {
			t.Errorf("%s: the spec was changed", test.name)
		}
	}
}

// A running pod holds what its spec requests: its limits have been requests since it was made.
func TestSidecarsAndInitContainersNeedRoom(t *testing.T) {
	q := Question{Nodes: []corev1.Node{machine("node1", "5", "64Gi")}, Sets: primary(func(s *corev1.PodSpec) {
		s.InitContainers = []corev1.Container{sidecar("cpu=1"), container("cpu=4", "")}
	})}
	if got := said(t, q); got != "" {
		t.Errorf("5 CPU of 5: %q", got)
	}
	web := pod("web", "node1", "100m", nil)
	web.Spec.InitContainers = []corev1.Container{sidecar("cpu=200m")}
	q.Running = []corev1.Pod{web}
	if got, want := said(t, q), "demo-primary: 1 pod of 5 CPU, 4Gi is wanted and there is room for none: node1 for none (4.7 CPU, 64Gi free)"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}

func TestWords(t *testing.T) {
	for bytes, want := range map[int64]string{0: "0", 1023: "1023", 1 << 10: "1Ki", 1536 << 10: "1.5Mi", 1<<30 - 1: "1023.9Mi", 4 << 30: "4Gi", 1<<40 + 1<<39: "1.5Ti", 1 << 50: "1024Ti"} {
		if got := binarySize(bytes); got != want {
			t.Errorf("%d: %s, not %s", bytes, got, want)
		}
	}
	sets := primary(func(s *corev1.PodSpec) {
		s.Containers[0].Resources = corev1.ResourceRequirements{Requests: list("cpu=1500m memory=512Mi ephemeral-storage=10Gi hugepages-2Mi=0 example.com/nic=2")}
	})
	s := newSnapshot(Question{Sets: sets})
	if got, want := s.resources.describeRequests(s.sets[0]), "1.5 CPU, 512Mi, 10Gi of ephemeral-storage, 2 example.com/nic"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
	sets[0].Spec.Template.Spec.Containers[0].Resources = corev1.ResourceRequirements{}
	s = newSnapshot(Question{Sets: sets})
	if got, want := s.resources.describeRequests(s.sets[0]), "no requests"; got != want {
		t.Errorf("%q, not %q", got, want)
	}
}
