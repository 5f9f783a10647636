package pods

import (
	"fmt"
	"io"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/test/apitest"
)

// A pod that runs and that Kubernetes has as not ready has the last word itself; of any other, what Kubernetes says is true.
func TestStatusAsksPodsThatAreNotReady(t *testing.T) {
	api := apitest.New()
	asked := make(chan string, 10)
	api.Exec = func(pod string, argv []string, _ io.Reader, stdout, _ io.Writer) int {
		if argv[len(argv)-1] != "/gpk/scripts/ready.sh" {
			return 1
		}
		asked <- pod
		if pod == "ready-by-now" {
			return 0
		}
		_, _ = fmt.Fprintln(stdout, "the instance in /greenplum/primary/gpseg0 is not running")
		return 1
	}
	api.Put(apitest.Pod("ready", apitest.Runs(), true), apitest.Pod("ready-by-now", apitest.Runs(), false), apitest.Pod("stopped", apitest.Runs(), false),
		apitest.Pod("unpulled", apitest.Waits("ErrImagePull", "timeout"), false))
	target := clusterFor(t, apitest.Served(t, api))
	pods, err := target.pods.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(pods, func(a, b corev1.Pod) int { return len(b.Name) - len(a.Name) })
	want := []string{"pod unpulled waits: ErrImagePull: timeout",
		"pod stopped is not ready: the instance in /greenplum/primary/gpseg0 is not running"}
	if faults := target.pods.Unready(t.Context(), pods); !slices.Equal(faults, want) {
		t.Errorf("faults are %q, want %q", faults, want)
	}
	if len(asked) != 2 {
		t.Errorf("%d pods were asked instead of two", len(asked))
	}
}
