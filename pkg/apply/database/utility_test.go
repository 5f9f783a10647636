package database

import (
	"fmt"
	"io"
	"path"
	"testing"

	"gpk/pkg/segments"
	"gpk/test/apitest"
)

// A utility that failed is told with its pod, and with what the logs say, or else with its own last lines.
func TestJobFails(t *testing.T) {
	for why, want := range map[string]string{
		"":      "  [INFO]:-Checking | [FATAL]:-data directory exists",
		"end\n": "  [INFO]:-Checking | [FATAL]:-data directory exists",
		"startup.log: FATAL: no\nx.log: too\nend\n": "  demo-coordinator-0: startup.log: FATAL: no\n  demo-coordinator-0: x.log: too",
		// Why a server did not start comes before what follows from it.
		"x.log: too\nstartup.log: FATAL: no\nend\n": "  demo-coordinator-0: startup.log: FATAL: no\n  demo-coordinator-0: x.log: too",
	} {
		a := apitest.New()
		a.Exec = func(_ string, argv []string, _ io.Reader, out, _ io.Writer) int {
			script, args := path.Base(argv[1]), argv[2:]
			switch {
			case script == "why.sh":
				fmt.Fprint(out, why)
			case args[0] == "state":
				fmt.Fprint(out, "exited 1\n")
			case args[0] == "tail":
				fmt.Fprint(out, "[INFO]:-Checking\n[FATAL]:-data directory exists\n")
			}
			return 0
		}
		err := clusterFor(t, apitest.Served(t, a)).db.Run(t.Context(), "demo-coordinator-0", "gpinitsystem", segments.Utility{Argv: []string{"gpinitsystem", "-a"}}, func(string) {})
		want = "in pod demo-coordinator-0: gpinitsystem: exit status 1\n" + want
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
