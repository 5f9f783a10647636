package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// All pods of a cluster run as one user, those that look at an image too. Where the namespace assigns one, they ask for none.
func TestUser(t *testing.T) {
	for name, test := range map[string]struct {
		given              topology.User
		user, group, files *int64
	}{
		"none given": {topology.User{}, new(int64(1000)), new(int64(1000)), new(int64(1000))},
		"given":      {topology.User{UID: new(int64(1234)), GID: new(int64(0))}, new(int64(1234)), new(int64(0)), new(int64(0))},
		"assigned":   {topology.User{Assigned: true}, nil, nil, nil},
	} {
		c := load(t, "mirrored")
		c.Spec.User = test.given
		c.Default()
		for _, set := range statefulSets(create(t, c)) {
			security := set.Spec.Template.Spec.SecurityContext
			got, want := []*int64{security.RunAsUser, security.RunAsGroup, security.FSGroup}, []*int64{test.user, test.group, test.files}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: pods of %s: %s", name, set.Name, diff)
			}
		}
		p, err := plan.Upgrade(c, false)
		if err != nil {
			t.Fatal(err)
		}
		security := p.Steps[2].Action.(plan.Pulled).Pod.Spec.SecurityContext
		if diff := cmp.Diff([]*int64{test.user, test.group}, []*int64{security.RunAsUser, security.RunAsGroup}); diff != "" {
			t.Errorf("%s: the image's pod: %s", name, diff)
		}
	}
}

// What cluster.yaml's patch says of calls of the kernel counts for gpk's containers too.
func TestPatchedProfile(t *testing.T) {
	c, local := load(t, "one"), &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeLocalhost, LocalhostProfile: new("database.json")}
	c.Spec.PodTemplate = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{
		SecurityContext: &corev1.PodSecurityContext{SeccompProfile: local},
		Containers:      []corev1.Container{{Name: "exporter", Image: "exporter:1"}},
	}}
	for _, set := range statefulSets(create(t, c)) {
		pod := set.Spec.Template.Spec
		for _, container := range append(pod.InitContainers, pod.Containers...) {
			if diff := cmp.Diff(local, container.SecurityContext.SeccompProfile); diff != "" {
				t.Errorf("%s of %s: %s", container.Name, set.Name, diff)
			}
		}
	}
}
