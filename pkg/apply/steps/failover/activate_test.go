package failover

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// activation is a fake of two coordinators' pods before an activation: instance is what the old one's runs.
func activation(t *testing.T, instance string, acceptLoss bool) (h *activateHandler, activated *bool) {
	t.Helper()
	a := apitest.New()
	for _, name := range []string{"demo-coordinator-0", "demo-coordinator-1"} {
		pod := apitest.Pod(name, apitest.Runs(), true)
		pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
		a.Put(pod)
	}
	activated = new(bool)
	a.Exec = func(_ string, argv []string, _ io.Reader, out, errs io.Writer) int {
		switch script := strings.Join(argv, " "); {
		case strings.Contains(script, "gpactivatestandby"):
			*activated = true
			return 1
		case strings.Contains(script, "coordinator.sh following"):
			now := time.Now().Unix()
			fmt.Fprintf(out, "instance running\nfollows yes\nreceived 0/1\nstreamed %[1]d\nheard %[1]d\nnow %[1]d\nend\n", now)
		case strings.Contains(script, "coordinator.sh missing"):
			fmt.Fprintf(out, "instance %s\nend\n", instance)
		case strings.Contains(script, "job.sh state"):
			fmt.Fprintln(out, "absent")
		case strings.Contains(script, "instances.sh coordinator"):
			fmt.Fprint(out, "marker initialised\nend\n")
			fmt.Fprintln(errs, "psql: error: connection refused")
			return 2
		}
		return 0
	}
	c := roomtest.New(t, apitest.Served(t, a))
	if _, err := c.Store.Decide(t.Context(), record.ActsIn("demo-coordinator-1", nil)); err != nil {
		t.Fatal(err)
	}
	e := plan.Eligible{Takeover: takeover(), FailoverOptions: plan.FailoverOptions{AcceptLoss: acceptLoss}}
	return &activateHandler{oldOf(c), plan.Activate{Eligible: e}}, activated
}

// No standby is activated without evidence that the old coordinator takes no more writes, nor beside one that was seen running, whatever a
// person accepts to lose.
func TestActivateOnEvidence(t *testing.T) {
	tests := map[string]struct {
		instance   string
		acceptLoss bool
		evidence   Evidence
		says       string
	}{
		"nobody knows":                  {"stopped", false, "", "nothing shows"},
		"it runs again":                 {"running", false, StoppedByExec, "runs again"},
		"it runs, and losses are right": {"running", true, StoppedByExec, "runs again"},
		"it was stopped":                {"stopped", false, StoppedByExec, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, activated := activation(t, test.instance, test.acceptLoss)
			h.found.note(test.evidence)
			err := h.Do(t.Context(), func(string) {})
			if *activated != (test.says == "") || err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("activated %t, error %v, want %q", *activated, err, test.says)
			}
		})
	}
}

// The journal has the details of a step before it begins: the evidence is one.
func TestActivateNamesEvidence(t *testing.T) {
	h, _ := activation(t, "stopped", false)
	h.found.note(StoppedBySSH)
	finding, err := h.Check(t.Context())
	if said := strings.Join(finding.Details, "; "); err != nil || !strings.Contains(said, "evidence stopped-by-ssh: ") {
		t.Errorf("it says %q, error %v", said, err)
	}
}
