package apply

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// fenced is a cluster whose coordinator was put out of the way for its standby, which answers to following as given, or with
// an exit status if that is empty.
func fenced(t *testing.T, following string) *creation {
	t.Helper()
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	d := c.database
	d.up = false
	c.api.Exec = func(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		if !strings.HasSuffix(argv[1], "/coordinator.sh") {
			return d.exec(pod, argv, stdin, out, errs)
		}
		if argv[2] == "following" {
			fmt.Fprint(out, following)
			if following == "" {
				return 1
			}
		}
		return 0
	}
	if _, err := clusterFor(t, apitest.Served(t, c.api)).store.Decide(t.Context(), record.ActsIn("demo-coordinator-1", nil)); err != nil {
		t.Fatal(err)
	}
	return c
}

// A failover is taken back as long as the standby is one, and else only by a person's word.
func TestReturn(t *testing.T) {
	follows := func(word string) string {
		return "instance running\nfollows " + word + "\nreceived 0/1\nstreamed 1\nend\n"
	}
	tests := map[string]struct {
		following  string
		acceptLoss bool
		want       engine.State
	}{
		"the standby follows":            {follows("yes"), false, engine.Pending},
		"it has been activated":          {follows("no"), true, engine.Blocked},
		"it cannot be asked":             {"", false, engine.Blocked},
		"it cannot be asked, and is off": {"", true, engine.Pending},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := fenced(t, test.following)
			target := clusterFor(t, apitest.Served(t, c.api))
			h := handlerOf(t, target, plan.Return{Takeover: plan.Takeover{From: "demo-coordinator-0", To: "demo-coordinator-1"},
				AcceptLoss: test.acceptLoss})
			finding, err := h.Check(t.Context())
			if err != nil || finding.State != test.want {
				t.Fatalf("%+v, error %v", finding, err)
			}
			if finding.State == engine.Blocked {
				if !strings.Contains(finding.Next.String(), "gpk failover") {
					t.Errorf("next: %s", finding.Next)
				}
				return
			}
			before, err := target.store.State(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := h.Do(t.Context(), func(string) {}); err != nil {
				t.Fatal(err)
			}
			after, err := target.store.State(t.Context())
			if err != nil || after[plan.StateCoordinator] != "demo-coordinator-0" || after[plan.StateTerm] <= before[plan.StateTerm] {
				t.Errorf("decided was %v, and is %v, error %v", before, after, err)
			}
			if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
				t.Errorf("afterwards %+v, error %v", finding, err)
			}
		})
	}
}
