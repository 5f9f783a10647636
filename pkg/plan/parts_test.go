package plan

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

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
	recovered, err := Recover(from, false, true, true)
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

// Whoever changes a plan, as Stop does with the replicas, changes neither the cluster nor another plan of it.
func TestPlansShareNothing(t *testing.T) {
	from, to := everything(t)
	// A patch of the template makes new objects, which hides what the others share.
	from.Spec.PodTemplate, to.Spec.PodTemplate = nil, nil
	other := everyOperation(t, from, to)
	before := asJSON(t, other, from, to)
	for _, name := range slices.Sorted(maps.Keys(other)) {
		spoil(reflect.ValueOf(everyOperation(t, from, to)[name].Steps))
		if diff := cmp.Diff(before, asJSON(t, other, from, to)); diff != "" {
			t.Fatalf("whoever changes the plan %s changes (-before +after):\n%s", name, diff)
		}
	}
}

func asJSON(t *testing.T, plans map[string]Plan, clusters ...*topology.Cluster) map[string]string {
	t.Helper()
	written := map[string]string{}
	write := func(name string, value any) {
		data, err := json.MarshalIndent(value, "", " ")
		if err != nil {
			t.Fatal(err)
		}
		written[name] = string(data)
	}
	for name, p := range plans {
		for _, step := range p.Steps {
			write(name+" "+step.ID, step.Action)
		}
	}
	write("clusters", clusters)
	return written
}

// spoil changes whatever can be reached through pointers, lists and maps of a value.
func spoil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			spoil(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				spoil(v.Field(i))
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			spoil(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			spoil(v.MapIndex(key))
			v.SetMapIndex(key, reflect.Zero(v.Type().Elem()))
		}
	case reflect.String:
		if v.CanSet() {
			v.SetString("spoiled")
		}
	case reflect.Bool:
		if v.CanSet() {
			v.SetBool(!v.Bool())
		}
	case reflect.Int32, reflect.Int64:
		if v.CanSet() {
			v.SetInt(v.Int() + 77)
		}
	}
}
