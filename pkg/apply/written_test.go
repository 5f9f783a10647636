package apply

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

const (
	coordinatorPod = "demo-coordinator-0"
	primaryPod     = "demo-primary-0"
)

// kept is a cluster that was made, with its settings in the instances' files as they were given.
func kept(t *testing.T) *creation {
	t.Helper()
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	c.database.give(apitest.Cluster(t))
	return c
}

// give has the instances run with the settings of a cluster in their files.
func (d *fakeDatabase) give(c *topology.Cluster) {
	d.up, d.mute = true, map[string]bool{}
	d.files = map[string]map[string]segments.FileSetting{coordinatorPod: {}, primaryPod: {}}
	for _, s := range topology.Settings(c) {
		d.files[coordinatorPod][s.Name] = segments.FileSetting{Name: s.Name, Value: new(string(s.Coordinator))}
		d.files[primaryPod][s.Name] = segments.FileSetting{Name: s.Name, Value: new(string(s.Segment))}
	}
}

func (d *fakeDatabase) setting(pod, name string, change func(*segments.FileSetting)) {
	s := d.files[pod][name]
	change(&s)
	d.files[pod][name] = s
}

// What ALTER SYSTEM has set outranks what gpconfig writes: it is taken back where it is another value, and then the files count.
func TestWrittenOverAlterSystem(t *testing.T) {
	c := kept(t)
	from := apitest.Cluster(t)
	altered := func(s *segments.FileSetting) { s.Value, s.Altered = new("elsewhere"), true }
	c.database.setting(coordinatorPod, "search_path", altered)
	c.database.setting(primaryPod, "search_path", altered)
	c.database.setting(primaryPod, "max_connections", altered)
	p := plan.Config(from, from, []segments.Setting{{Name: "search_path", Value: "analytics, public"}}, false)
	p.Steps = p.Steps[1:2]
	target := clusterFor(t, apitest.Served(t, c.api))
	previews, err := target.Preview(t.Context(), p)
	if err != nil || previews[0].Finding.State != engine.Pending ||
		!strings.Contains(strings.Join(previews[0].Finding.Details, "\n"), "ALTER SYSTEM has set search_path on content 0 in pod demo-primary-0") {
		t.Fatalf("previews %+v, error %v", previews, err)
	}
	outcome, err := target.Run(t.Context(), p, Options{}, unheard())
	if err != nil || outcome.Changed != 1 || c.database.finished["gpstop"] == 0 {
		t.Fatalf("%d steps, error %v; %q", outcome.Changed, err, c.database.violations)
	}
	slices.Sort(c.database.unaltered)
	if want := []string{"demo-coordinator-0 search_path", "demo-primary-0 search_path"}; !slices.Equal(c.database.unaltered, want) {
		t.Errorf("taken back: %q, want %q", c.database.unaltered, want)
	}
	if outcome, err := target.Run(t.Context(), p, Options{}, unheard()); err != nil || outcome.Changed != 0 {
		t.Errorf("again: %d steps, error %v", outcome.Changed, err)
	}
	if s := c.database.files[primaryPod]; *s["search_path"].Value != "analytics, public" || !s["max_connections"].Altered {
		t.Errorf("files of the primary: %v", slices.Sorted(maps.Keys(s)))
	}
}

// A bound that is written anew stands behind what it bounds, with which no server would start: that is taken out before, and
// written again, also by whoever was interrupted in between.
func TestWrittenBound(t *testing.T) {
	c := kept(t)
	from, to := apitest.Cluster(t), apitest.Cluster(t)
	from.Spec.Database.Config = map[string]topology.Setting{"statement_mem": "4GB", "max_statement_mem": "6GB"}
	to.Spec.Database.Config = map[string]topology.Setting{"statement_mem": "4GB", "max_statement_mem": "8GB"}
	p := plan.Config(from, to, []segments.Setting{{Name: "max_statement_mem", Value: "8GB"}}, false)
	p.Steps = p.Steps[1:2]
	target := clusterFor(t, apitest.Served(t, c.api))
	for name, test := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"begun":       {map[string]string{"statement_mem": "4GB", "max_statement_mem": "6GB"}, []string{"-r statement_mem", "-c max_statement_mem", "-c statement_mem"}},
		"interrupted": {map[string]string{"max_statement_mem": "8GB"}, []string{"-c statement_mem"}},
	} {
		c.database.config, c.database.configured = test.files, nil
		if _, err := target.Run(t.Context(), p, Options{}, unheard()); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !slices.Equal(c.database.configured, test.want) {
			t.Errorf("%s: gpconfig %q, want %q", name, c.database.configured, test.want)
		}
	}
}
