package main

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// aimedElsewhere is an app whose cluster is in another namespace than the context's, so that commands name it.
func aimedElsewhere(io streams) *app {
	a := newApp(io)
	a.cluster, a.here = plan.Ref{Namespace: "other", Name: "demo"}, func() string { return "own" }
	return a
}

func TestPreview(t *testing.T) {
	done := engine.Preview{Step: plan.Step{ID: "keys", Title: "ssh keys"}, Finding: engine.Finding{State: engine.Done}}
	pending := engine.Preview{Step: plan.Step{ID: "pods", Title: "pods running"}, Finding: engine.Finding{State: engine.Pending, Details: []string{"pod a", "pod b"}}}
	blocked := engine.Preview{Step: plan.Step{ID: "synced", Title: "mirrors in sync"}, Finding: engine.Finding{State: engine.Blocked,
		Next: engine.Next(plan.Gpk("recover"), " brings them up")}}
	tests := map[string]struct {
		previews []engine.Preview
		status   int
		people   string
		machines string
	}{
		"no steps":     {nil, 0, "no changes\n", "[]\n"},
		"all is done":  {[]engine.Preview{done}, 0, "no changes\n", `"state": "done"`},
		"one is to do": {[]engine.Preview{done, pending}, 3, "done     ssh keys\npending  pods running\n         - pod a\n         - pod b\n", `"details": [`},
		"one is hopeless": {[]engine.Preview{blocked}, 3,
			"blocked  mirrors in sync\n         next: `gpk recover -n other --cluster demo` brings them up\n", "\"next\": \"`gpk recover -n other --cluster demo` brings them up\""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var people, machines strings.Builder
			if err := aimedElsewhere(streams{out: &people}).preview(test.previews, nil); status(err) != test.status || people.String() != test.people {
				t.Errorf("%v, and people read\n%s", err, people.String())
			}
			a := aimedElsewhere(streams{out: &machines})
			a.settings.Set("output", "json")
			if err := a.preview(test.previews, nil); status(err) != test.status || !strings.Contains(machines.String(), test.machines) {
				t.Errorf("%v, and machines read\n%s", err, machines.String())
			}
		})
	}
	var text strings.Builder
	wrong := errors.New("no answer")
	if err := aimedElsewhere(streams{out: &text}).preview(tests["one is to do"].previews, wrong); !errors.Is(err, wrong) || text.Len() > 0 {
		t.Errorf("%v, and half of an answer: %q", err, text.String())
	}
}

func TestOperatedText(t *testing.T) {
	say := sentences{done: "demo is on 7.2.0", same: "no changes"}
	sizes := []plan.Difference{{Field: "spec.version", From: "7.1.0", To: "7.2.0"}, {Field: "spec.image", From: "", To: "x/y"}}
	tests := map[string]struct {
		answer apply.Operated
		want   string
	}{
		"nothing to do": {apply.Operated{}, "no changes\n"},
		"something":     {apply.Operated{Outcome: apply.Outcome{Changed: 1}}, "demo is on 7.2.0\n"},
		"a window":      {apply.Operated{Outcome: apply.Outcome{Changed: 3, Downtime: 12.34}}, "demo is on 7.2.0; the database was down for 12.3 s\n"},
		"settings that wait": {apply.Operated{Outcome: apply.Outcome{Changed: 1}, Restart: []string{"max_connections", "shared_buffers"}},
			"demo is on 7.2.0\nmax_connections, shared_buffers take effect at a restart: run `gpk restart -n other --cluster demo`\n"},
		"a file": {apply.Operated{Outcome: apply.Outcome{Changed: 1}, ClusterYAML: sizes},
			"demo is on 7.2.0\nto change in cluster.yaml:\n  spec.version: 7.1.0 → 7.2.0\n  spec.image: absent → x/y\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := aimedElsewhere(streams{}).operatedText(test.answer, say); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
}

// An operation that finds nothing to do says so, to people and machines, and exits 0.
func TestOperationsWithNothingToDo(t *testing.T) {
	c := clusterOf(t, "7.1.0", "x/greenplum")
	file := written(t, c)
	f := &fleet{}
	gpk := f.runs(t, c)
	f.created(t, c)
	f.Requests = nil
	for line, says := range map[string]string{
		"resize -f " + file:            "no changes: demo has the sizes of " + file,
		"resize --dry-run -f " + file:  "no changes\n",
		"upgrade --rollback":           "demo is on 7.1.0: there is no upgrade to undo",
		"upgrade --rollback --dry-run": "demo is on 7.1.0: there is no upgrade to undo",
		"failover --rollback":          "no failover of demo is unfinished",
	} {
		r := gpk(strings.Fields(line)...)
		r.wants(t, 0, says)
		r = gpk(append(strings.Fields(line), "-o", "json", "-q")...)
		r.wants(t, 0)
		if !json.Valid([]byte(r.out)) || r.err != "" {
			t.Errorf("%s: machines get %q and %q", line, r.out, r.err)
		}
	}
	for _, request := range f.Requests {
		if !strings.Contains(request, "leases/") && !strings.HasSuffix(request, " All") && !strings.Contains(request, "configmaps/demo-gpk") {
			t.Errorf("it has asked for %s", request)
		}
	}
}

// What a command line cannot mean is refused before anything is asked of any pod, and changes nothing.
func TestOperationsThatAreRefused(t *testing.T) {
	c := clusterOf(t, "7.1.0", "x/greenplum")
	f := &fleet{}
	gpk := f.runs(t, c)
	for line, says := range map[string]string{
		"stop --mode slow":                            "--mode slow: give one of smart, fast, immediate",
		"restart --mode never --dry-run":              "--mode never: give one of smart, fast, immediate",
		"upgrade":                                     "give either --version, or --rollback",
		"expand":                                      "give one of --segments N, --resume and --rollback",
		"expand --segments -2":                        "--segments -2: give the number of all segments afterwards",
		"expand --segments 4 --parallel 97":           "--parallel 97: give a number from 1 to 96",
		"expand --segments 4 --redistribute-for -1h":  "--redistribute-for -1h0m0s: give a duration such as 90m",
		"expand --segments 4 --redistribute-until 2h": "--redistribute-until 2h: give 15:04",
		"expand --segments 4 --redistribute-until 2020-01-01T00:00:00Z": "that time has passed",
		"resize":               "which cluster? name its file with -f cluster.yaml",
		"failover --segment x": `invalid argument "x" for "--segment" flag`,
	} {
		r := gpk(strings.Fields(line)...)
		r.wants(t, 2, says, "next: ")
		if r.out != "" {
			t.Errorf("%s: printed was %q", line, r.out)
		}
	}
	if len(f.asked) > 0 || len(f.Requests) > 0 {
		t.Errorf("asked %q, requests %q", f.asked, f.Requests)
	}
}

// A dry run shows each step, says by its exit status that there is something to do, and does none of it.
func TestDryRuns(t *testing.T) {
	c := clusterOf(t, "7.1.0", "x/greenplum")
	f := &fleet{}
	gpk := f.runs(t, c)
	for line, steps := range map[string][]string{
		"stop":                       {"blocked  database stopped"},
		"stop --scale-to-zero":       {"database stopped", "stateful sets without pods", "pods gone"},
		"start":                      {"pending  stateful sets\n", "- StatefulSet/demo-primary is missing", "database started"},
		"restart":                    {"database stopped", "database started"},
		"failover --force":           {"pending  standby in pod demo-coordinator-1 activated", "standby coordinator"},
		"resize -f " + written(t, c): {"pending  volume claims", "- PersistentVolumeClaim/data-demo-primary-0 is missing"},
	} {
		r := gpk(append(strings.Fields(line), "--dry-run")...)
		r.wants(t, 3, steps...)
		if r.err != "" {
			t.Errorf("%s: %q is not for standard error", line, r.err)
		}
		var shown []previewed
		r = gpk(append(strings.Fields(line), "--dry-run", "-o", "json")...)
		r.wants(t, 3)
		if err := json.Unmarshal([]byte(r.out), &shown); err != nil || len(shown) == 0 || shown[0].Step == "" {
			t.Errorf("%s: %v, %+v", line, err, shown)
		}
	}
	for _, request := range f.Requests {
		if !strings.HasSuffix(request, " All") {
			t.Errorf("a dry run has asked for %q", request)
		}
	}
}
