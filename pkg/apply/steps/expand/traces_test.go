package expand

import (
	"io"
	"slices"
	"testing"

	"gpk/pkg/apply/database"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/remotetest"
	"gpk/test/roomtest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }

// A directory that an expansion has made decides what a setup does: one of the expansion is rolled back, another one is left alone.
func TestBeforeCatalogue(t *testing.T) {
	pods := []database.PodDirs{{Pod: "demo-primary-1", Dirs: []string{"/greenplum/primary/gpseg1"}}}
	for name, test := range map[string]struct {
		setup    string
		instance segments.NewInstance
		want     setupState
	}{
		"nothing":                {segments.NoSetup, segments.NewInstance{State: "absent"}, setupMissing},
		"about to be made":       {segments.NoSetup, segments.NewInstance{State: "absent", New: true}, setupMissing},
		"made":                   {segments.NoSetup, segments.NewInstance{State: "stopped", New: true}, setupInterrupted},
		"begun elsewhere":        {"BUILD_SEGMENTS_STARTED", segments.NewInstance{State: "absent"}, setupInterrupted},
		"somebody else's":        {segments.NoSetup, segments.NewInstance{State: "stopped"}, setupMismatch},
		"somebody else's, begun": {"BUILD_SEGMENTS_STARTED", segments.NewInstance{State: "running"}, setupMismatch},
	} {
		found := traces{ExpansionFacts: segments.ExpansionFacts{Setup: test.setup}, pods: map[string]segments.ExpansionFacts{
			"demo-primary-1": {Instances: map[string]segments.NewInstance{"/greenplum/primary/gpseg1": test.instance}}}}
		if state, details := beforeCatalogue(pods, found); state != test.want || (len(details) > 0) != (state == setupMismatch) {
			t.Errorf("%s: %s %q, want %s", name, state, details, test.want)
		}
		if left := found.unfinished(pods); (len(left) == 1) != test.instance.New {
			t.Errorf("%s: unfinished %q", name, left)
		}
	}
}

// Only the wanted contents count, in whatever role they are now, and a primary is not its mirror.
func TestCatalogued(t *testing.T) {
	catalogue := segments.Catalogue{{Content: 0, PreferredRole: "p"}, {Content: 1, PreferredRole: "p", Role: "m"}, {Content: 1, PreferredRole: "m", Role: "p"}}
	if rows := catalogue.MadeFor([]topology.Instance{{Content: 1, Role: "p"}}); !slices.Equal(rows, catalogue[1:2]) {
		t.Errorf("%+v", rows)
	}
}

// A gpexpand that is running belongs to one of gpk's jobs, or to nobody that gpk knows of. One whose job ends between the questions is no
// stranger's.
func TestTraces(t *testing.T) {
	const acting = "demo-coordinator-0"
	for name, test := range map[string]struct {
		// running are the answers of the pod to whether a gpexpand runs, one after the other.
		running    []string
		job, state string
		wantJob    string
		wantRuns   bool
	}{
		"none":               {[]string{"idle"}, RollbackJob, "exited 0", "", false},
		"gpk's":              {[]string{"running"}, RollbackJob, "running 2026-11-22T12:00:00Z", RollbackJob, true},
		"somebody's":         {[]string{"running", "running"}, SetupJob, "exited 0", "", true},
		"gpk's, which ended": {[]string{"running", "idle"}, SetupJob, "exited 0", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			a, asked := apitest.New(), 0
			a.Exec = func(pod string, argv []string, _ io.Reader, out, _ io.Writer) int {
				state := "absent"
				switch {
				case pod != acting:
					_, _ = io.WriteString(out, "free 7\nend\n")
					return 0
				case argv[2] == "facts":
					state = "gpexpand " + test.running[min(asked, len(test.running)-1)] + "\nend"
					asked++
				case argv[3] == test.job:
					state = test.state
				}
				_, _ = io.WriteString(out, state+"\n")
				return 0
			}
			c := roomtest.New(t, apitest.Served(t, a))
			g := &gpexpand{remote: c.Remote, db: c.DB}
			found, err := g.traces(t.Context(), database.Acting{Pod: acting}, []database.PodDirs{{Pod: "demo-primary-0"}})
			if err != nil || found.job != test.wantJob || found.Runs != test.wantRuns || found.pods["demo-primary-0"].Free != 7 {
				t.Errorf("%+v, error %v", found, err)
			}
			if asked != len(test.running) {
				t.Errorf("asked %d times", asked)
			}
		})
	}
}
