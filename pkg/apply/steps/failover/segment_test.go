package failover

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// pair is a fake of a cluster with one pair of segments: a probe promotes the mirror of a primary that was stopped.
type pair struct {
	api *apitest.API
	// primary is what acts as the primary, and mode that of both.
	primary, mode string
	stops         []string
}

func newPair() *pair {
	p := &pair{api: apitest.New(), primary: "demo-primary-0", mode: "s"}
	pod := apitest.Pod("demo-coordinator-0", apitest.Runs(), true)
	pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	p.api.Put(pod, apitest.Pod("demo-primary-0", apitest.Runs(), true), apitest.Pod("demo-mirror-0", apitest.Runs(), true))
	p.api.Exec = p.exec
	return p
}

func (p *pair) exec(pod string, argv []string, stdin io.Reader, out, _ io.Writer) int {
	input, err := io.ReadAll(stdin)
	if err != nil {
		return apitest.Cut
	}
	switch {
	case strings.Contains(strings.Join(argv, " "), "instances.sh coordinator"):
		fmt.Fprintf(out, "marker initialised\ninstance %s running\nend\n", topology.CoordinatorDir)
		_ = json.NewEncoder(out).Encode(p.catalogue())
	case string(input) == segments.SilentMirrorsSQL:
		fmt.Fprintln(out, 0)
	case slices.Contains(argv, "stop"):
		p.stops = append(p.stops, pod)
		p.primary = map[string]string{"demo-primary-0": "demo-mirror-0", "demo-mirror-0": "demo-primary-0"}[pod]
	}
	return 0
}

func (p *pair) catalogue() segments.Catalogue {
	row := func(dbid, content int32, role topology.Role, pod string) segments.Row {
		made := segments.Row{DBID: dbid, Content: content, Role: role, PreferredRole: role, Mode: p.mode, Status: "u", Host: pod + ".demo"}
		if content == 0 {
			made.Role = topology.Mirror
			if pod == p.primary {
				made.Role = topology.Primary
			}
		}
		return made
	}
	return segments.Catalogue{row(1, -1, topology.Primary, "demo-coordinator-0"), row(2, 0, topology.Primary, "demo-primary-0"),
		row(3, 0, topology.Mirror, "demo-mirror-0")}
}

// A switch that runs again, after any end of the first one, does not switch back.
func TestSwitchAgain(t *testing.T) {
	p := newPair()
	run := func() (engine.Finding, int) {
		t.Helper()
		c := roomtest.New(t, apitest.Served(t, p.api))
		h := &switchHandler{OldCoordinator: New(c.Kube, c.Remote, c.Store, c.Pods, c.DB), action: plan.Switched{Content: 0}}
		var found engine.Finding
		e := engine.Engine{Handler: func(plan.Step) (engine.Handler, error) { return h, nil }, Journal: unread{}, Clock: time.Now,
			Doing: c.DB.Doing, Observe: func(event engine.Event) { found = event.Finding }}
		changed, err := e.Run(t.Context(), []plan.Step{{ID: "switched", Class: plan.Once, Action: h.action}})
		if err != nil {
			t.Fatal(err)
		}
		return found, changed
	}
	if _, changed := run(); changed != 1 || p.primary != "demo-mirror-0" {
		t.Fatalf("%d changed, the primary is in pod %s", changed, p.primary)
	}
	for _, p.mode = range []string{"n", "s"} {
		found, changed := run()
		if changed != 0 || p.primary != "demo-mirror-0" || len(p.stops) != 1 {
			t.Errorf("mode %s: %d changed, the primary is in pod %s, stopped were %q", p.mode, changed, p.primary, p.stops)
		}
		said := strings.Join(found.Details, "; ")
		if !strings.Contains(said, "demo-mirror-0 was made to be the mirror, and is the primary") || !strings.Contains(found.Next.String(), "`gpk recover`") {
			t.Errorf("mode %s: it says %q, next %q", p.mode, said, found.Next)
		}
	}
}

// unread is a journal that nobody reads.
type unread struct{}

func (unread) Note(context.Context, plan.Step, string, string) error { return nil }
