package create

import (
	"io"
	"strings"
	"testing"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// Of volumes whose cluster was deleted, the coordinator's is the one that no standby is on. Two such are for a person to decide.
func TestCoordinatorByVolume(t *testing.T) {
	const first, second = "demo-coordinator-0", "demo-coordinator-1"
	coordinator, standby, none := "instance stopped\nfollows no\nend\n", "instance stopped\nfollows yes\nend\n", "instance absent\nfollows no\nend\n"
	for name, test := range map[string]struct{ first, second, want string }{
		"never failed over":   {coordinator, standby, first},
		"failed over":         {standby, coordinator, second},
		"without its standby": {coordinator, none, first},
		"only the second one": {none, coordinator, second},
		"nothing there":       {none, none, first},
		"two coordinators":    {coordinator, coordinator, ""},
	} {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			a.Exec = func(pod string, _ []string, _ io.Reader, out, _ io.Writer) int {
				_, _ = io.WriteString(out, map[string]string{first: test.first, second: test.second}[pod])
				return 0
			}
			h := &initialiseHandler{db: roomtest.New(t, apitest.Served(t, a)).DB, action: plan.Initialise{Topology: topology.New(apitest.Cluster(t))}}
			got, err := h.coordinatorByVolume(t.Context())
			if got != test.want || (err != nil) != (test.want == "") {
				t.Errorf("%q, error %v", got, err)
			}
			if err != nil && (!strings.Contains(err.Error(), first) || !strings.Contains(err.Error(), second)) {
				t.Errorf("it does not name both pods: %v", err)
			}
		})
	}
}
