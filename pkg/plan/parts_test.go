package plan

import (
	"path/filepath"
	"testing"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// everyOperation are the plans of all operations on a cluster, by name.
func everyOperation(t *testing.T, from, to *topology.Cluster) map[string]Plan {
	t.Helper()
	plans := map[string]Plan{
		"config":        Config(from, to, []segments.Setting{{Name: "work_mem", Value: "64MB"}}, true),
		"redistribute":  StartRedistribution(to, segments.Redistribution{}),
		"finish":        FinishExpansion(to, true),
		"failover":      Failover(from, Takeover{"demo-coordinator-0", "demo-coordinator-1"}, FailoverOptions{}),
		"failover back": FailoverBack(from, Takeover{"demo-coordinator-0", "demo-coordinator-1"}, true),
		"switch":        Switch(from, 0),
		"delete":        Delete(ref(from), true),
	}
	add := func(name string, p Plan, err error) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		plans[name] = p
	}
	whole, err := Create(from)
	add("create", whole, err)
	compared, err := Compare(from, from)
	add("compare", compared, err)
	expand, err := Expand(from, to, "demo-coordinator-0", false)
	add("expand", expand, err)
	unexpand, err := Unexpand(from, to)
	add("unexpand", unexpand, err)
	recovered, err := Recover(from, RecoverOptions{Rebalance: true})
	add("recover", recovered, err)
	stop, err := Stop(from, "fast", true)
	add("stop", stop, err)
	start, err := Start(from)
	add("start", start, err)
	restart, err := Restart(from, "fast")
	add("restart", restart, err)
	upgrade, err := Upgrade(from, false)
	add("upgrade", upgrade, err)
	volumes, err := ResizeVolumes(from, from)
	add("resize volumes", volumes, err)
	resize, _, err := Resize(from, from, false)
	add("resize", resize, err)
	plans["keeping"], plans["role-wide"] = start.Keeping(to), start.RoleWide()
	return plans
}

// everything is a cluster with every field of cluster.yaml, and the same with twice as many segments.
func everything(t *testing.T) (from, to *topology.Cluster) {
	t.Helper()
	from, err := topology.LoadFile(filepath.Join("..", "topology", "testdata", "good", "everything.yaml"), "default")
	if err != nil {
		t.Fatal(err)
	}
	larger := *from
	larger.Spec.Segments.Count *= 2
	return from, &larger
}

// The journal and scripts know a step by its id, and package apply by its action.
func TestEveryStepIsWhole(t *testing.T) {
	from, to := everything(t)
	for name, p := range everyOperation(t, from, to) {
		seen := map[string]bool{}
		for _, step := range p.Steps {
			if seen[step.ID] || step.ID == "" || step.Title == "" || step.Class == "" || step.Action == nil {
				t.Errorf("%s: step %+v lacks something, or another step has its id", name, step)
			}
			seen[step.ID] = true
		}
		if len(seen) == 0 || p.Operation == "" || p.Cluster.Name != from.Metadata.Name {
			t.Errorf("%s: %d steps of operation %q on %v", name, len(seen), p.Operation, p.Cluster)
		}
	}
}
