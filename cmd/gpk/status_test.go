package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/apply"
)

func TestStatusOfAHealthyCluster(t *testing.T) {
	f := &fleet{}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	r := gpk("status")
	r.wants(t, 0)
	_, rows, _ := strings.Cut(r.out, "\n\n")
	want := `CONTENT  DBID  ROLE         STATUS  MODE     POD                 PORT   NODE                     DIRECTORY
-1       1     coordinator  up      in sync  demo-coordinator-0  5432   node-demo-coordinator-0  /greenplum/coordinator/gpseg-1
-1       4     standby      up      in sync  demo-coordinator-1  5432   node-demo-coordinator-1  /greenplum/coordinator/gpseg-1
0        2     primary      up      in sync  demo-primary-0      40000  node-demo-primary-0      /greenplum/primary/gpseg0
0        3     mirror       up      in sync  demo-mirror-0       50000  node-demo-mirror-0       /greenplum/mirror/gpseg0
`
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
	if first, _, _ := strings.Cut(r.out, "\n"); !strings.HasPrefix(first, "demo in namespace analytics: ") {
		t.Errorf("the first line is %q", first)
	}
	if len(f.Requests) > 0 {
		t.Errorf("status has changed %q", f.Requests)
	}
}

// A fault is shown, and scripts see it by the exit status, whatever the output is.
func TestStatusWithFaults(t *testing.T) {
	tests := map[string]struct {
		spoil func(*fleet)
		says  []string
		rows  int
	}{
		"a mirror that is down": {func(f *fleet) { f.catalogue[3].Status = "d"; f.catalogue[3].Mode = "n" }, []string{"! ", "mirror  down"}, 4},
		"a pod that is not ready": {func(f *fleet) { f.unready["demo-primary-0"] = "gpseg0 does not answer" },
			[]string{"! pod demo-primary-0", "gpseg0 does not answer"}, 4},
		"no coordinator": {func(f *fleet) { f.unready["demo-coordinator-0"] = "no answer" }, []string{"no coordinator answers", "! "}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := &fleet{}
			gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
			test.spoil(f)
			for pod := range f.unready {
				f.notReady(pod)
			}
			r := gpk("status")
			r.out = strings.Join(strings.Fields(strings.ReplaceAll(r.out, "  ", " ")), " ")
			for i, word := range test.says {
				test.says[i] = strings.Join(strings.Fields(word), " ")
			}
			r.wants(t, 1, test.says...)

			r = gpk("status", "-o", "json")
			r.wants(t, 1)
			var status apply.Status
			if err := json.Unmarshal([]byte(r.out), &status); err != nil {
				t.Fatalf("%v: %s", err, r.out)
			}
			if len(status.Faults) == 0 || len(status.Instances) != test.rows || r.err != "" {
				t.Errorf("%+v, and %q", status, r.err)
			}
		})
	}
}
