package create

import (
	"slices"
	"strings"
	"testing"

	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// The client is the plan's pod while that is ready, and never a coordinator's.
func TestVerifyClient(t *testing.T) {
	for name, test := range map[string]struct {
		ready []string
		want  string
	}{
		"the plan's":             {[]string{"demo-mirror-0", "demo-primary-0"}, "demo-primary-0"},
		"another one":            {[]string{"demo-coordinator-0", "demo-mirror-0"}, "demo-mirror-0"},
		"only the coordinator's": {[]string{"demo-coordinator-0"}, "demo-primary-0"},
		"none":                   {nil, "demo-primary-0"},
	} {
		a := apitest.New()
		for _, name := range []string{"demo-coordinator-0", "demo-mirror-0", "demo-primary-0"} {
			pod := apitest.Pod(name, apitest.Runs(), slices.Contains(test.ready, name))
			pod.Labels[plan.ComponentLabel] = strings.Split(name, "-")[1]
			a.Put(pod)
		}
		h := &verifyHandler{pods: roomtest.New(t, apitest.ConfigOf(a)).Pods, action: plan.Verify{From: "demo-primary-0"}}
		if got := h.client(t.Context()); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
