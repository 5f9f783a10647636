package create

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/test/apitest"
)

// One pod of each image is inspected, and none that does not run.
func TestOnePerImage(t *testing.T) {
	var list []corev1.Pod
	for i, image := range []string{"sha256:1", "sha256:1", "sha256:2", "sha256:3"} {
		pod := apitest.Pod(fmt.Sprintf("pod-%d", i), apitest.Runs(), true)
		if i == 3 {
			pod = apitest.Pod("pod-3", apitest.Waits("ImagePullBackOff", ""), false)
		}
		pod.Status.ContainerStatuses[1].ImageID = image
		list = append(list, *pod)
	}
	var names []string
	for _, pod := range onePerImage(list) {
		names = append(names, pod.Name)
	}
	if !slices.Equal(names, []string{"pod-0", "pod-2"}) {
		t.Errorf("%q", names)
	}
}
