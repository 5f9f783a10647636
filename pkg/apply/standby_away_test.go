package apply

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/test/apitest"
)

const standbyPod, standbyHost = "demo-coordinator-1", "demo-coordinator-1"

// silentStandby is a cluster that is down, whose standby's host answers no ssh. Its pod answers with says to exec, if anything.
func silentStandby(t *testing.T, says string) *creation {
	t.Helper()
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	d := c.database
	clear(d.begun)
	d.up = false
	c.api.FailWith(func(r *http.Request) error {
		if says == "" && strings.Contains(r.URL.Path, standbyPod+"/exec") {
			return apierrors.NewInternalError(errors.New("error dialing backend: no route to the kubelet"))
		}
		return nil
	})
	c.api.Exec = func(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		switch script := strings.TrimPrefix(argv[1], "/gpk/scripts/"); {
		case script == "reach.sh":
			fmt.Fprintf(out, "%s ssh, port 22, did not answer within 10 s\n", standbyHost)
			return 0
		case script == "coordinator.sh" && argv[2] == "following":
			fmt.Fprintln(out, says)
			return 0
		}
		return d.exec(pod, argv, stdin, out, errs)
	}
	return c
}

// A standby that nobody reaches is left out where it is to be nothing else, and never where it may have been activated.
func TestStartWithoutStandby(t *testing.T) {
	standby, activated := "instance running\nfollows yes\nreceived \nstreamed 0\nend", "instance stopped\nfollows no\nreceived \nstreamed 0\nend"
	tests := map[string]struct {
		says, acts string
		alone      bool
		refused    string
	}{
		"nothing is known of it":   {"", "demo-coordinator-0", true, ""},
		"it says that it follows":  {standby, "demo-coordinator-0", true, ""},
		"it was activated by hand": {activated, "demo-coordinator-0", false, "the standby in pod demo-coordinator-1 has been activated"},
		"it is to act":             {"", standbyPod, false, ""},
		"its answer is cut off":    {"instance running", "demo-coordinator-0", false, "cut off"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := silentStandby(t, test.says)
			target := clusterFor(t, apitest.Served(t, c.api))
			if _, err := target.store.Decide(t.Context(), map[string]string{plan.StateCoordinator: test.acts}); err != nil {
				t.Fatal(err)
			}
			utility, err := target.db.Gpstart(t.Context(), "demo-coordinator-0", []string{"demo-coordinator-0.demo", standbyHost}, 0, func(string) {})
			var told *engine.NextError
			if test.refused != "" {
				if err == nil || !strings.Contains(err.Error(), test.refused) || errors.As(err, &told) != (test.says == activated) {
					t.Errorf("error %v", err)
				}
				return
			}
			if err != nil || slices.Equal(utility.Argv, segments.GpstartAlone().Argv) != test.alone {
				t.Errorf("%q, error %v", utility.Argv, err)
			}
		})
	}
}

// gpstart refuses a database amid the setup of an expansion, which needs it to run.
func TestStartAmidExpansion(t *testing.T) {
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	c.api.FailWith(nil)
	c.database.up, c.database.setup = false, "BUILD_SEGMENTS_STARTED"
	var told []string
	h := handlerOf(t, clusterFor(t, apitest.Served(t, c.api)), plan.Started{})
	if err := h.Do(t.Context(), func(line string) { told = append(told, line) }); err != nil {
		t.Fatal(err)
	}
	if said := strings.Join(told, "\n"); !c.database.up || !strings.Contains(said, "gpk expand --rollback") {
		t.Errorf("up: %t, told %q", c.database.up, said)
	}
}
