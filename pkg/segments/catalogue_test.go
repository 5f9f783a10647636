package segments

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/topology"
)

// catalogue reads a catalogue that a real Greenplum 7.1 was seen with, as CatalogueSQL prints it.
func catalogue(t *testing.T, situation string) Catalogue {
	t.Helper()
	out, err := os.ReadFile(filepath.Join("testdata", "catalogue", situation+".json"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCatalogue(string(out))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// wanted is the topology that the healthy catalogue is of.
func wanted(t *testing.T) []topology.Instance {
	t.Helper()
	var instances []topology.Instance
	for _, row := range catalogue(t, "healthy") {
		instances = append(instances, topology.Instance{DBID: row.DBID, Content: row.Content, Role: row.PreferredRole,
			Pod: row.Pod(), Host: row.Host, Port: row.Port, Dir: row.Dir})
	}
	return instances
}

// What each situation of a real cluster means. None of them lacks an instance: a failover is not a missing instance, nor is
// a standby that took over.
func TestCatalogueSituations(t *testing.T) {
	tests := map[string]struct {
		coordinator, standby string
		unhealthy            []string
	}{
		"healthy":                  {"coordinator-0", "coordinator-1", nil},
		"after-activation":         {"coordinator-1", "", nil},
		"standby-rebuilt":          {"coordinator-1", "coordinator-0", nil},
		"primary-down":             {"coordinator-0", "coordinator-1", []string{"content 0, dbid 2 on primary-0 is down", "content 0, dbid 4 on mirror-0 acts as primary in place of its mirror"}},
		"recovered-not-rebalanced": {"coordinator-0", "coordinator-1", []string{"content 0, dbid 4 on mirror-0 acts as primary in place of its mirror"}},
	}
	files, err := filepath.Glob("testdata/catalogue/*.json")
	if err != nil || len(files) != len(tests) {
		t.Fatalf("%d situations in testdata, %d in the table: %v", len(files), len(tests), err)
	}
	for situation, want := range tests {
		t.Run(situation, func(t *testing.T) {
			c := catalogue(t, situation)
			coordinator, _ := c.Find(topology.CoordinatorContent, topology.Primary)
			standby, _ := c.Find(topology.CoordinatorContent, topology.Mirror)
			if coordinator.Pod() != want.coordinator || standby.Pod() != want.standby {
				t.Errorf("coordinator %q and standby %q, want %q and %q", coordinator.Pod(), standby.Pod(), want.coordinator, want.standby)
			}
			if n := c.Primaries(); n != 2 {
				t.Errorf("%d primaries, want 2", n)
			}
			if missing := c.Missing(wanted(t)); len(missing) > 0 {
				t.Errorf("missing %q", missing)
			}
			if diff := cmp.Diff(want.unhealthy, c.Unhealthy()); diff != "" {
				t.Errorf("unhealthy (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseCatalogueOrder(t *testing.T) {
	shuffled := catalogue(t, "primary-down")
	slices.Reverse(shuffled)
	out, err := json.Marshal(shuffled)
	if err != nil {
		t.Fatal(err)
	}
	c, err := ParseCatalogue(string(out))
	if err != nil {
		t.Fatal(err)
	}
	var dbids []int32
	for _, row := range c {
		dbids = append(dbids, row.DBID)
	}
	// By content, and of a pair the one that was made primary first, whatever it does now.
	if want := []int32{1, 6, 2, 4, 3, 5}; !slices.Equal(dbids, want) {
		t.Errorf("dbids %v, want %v", dbids, want)
	}
}

func TestParseCatalogueRefuses(t *testing.T) {
	for name, out := range map[string]string{
		"nothing":       "",
		"cut off":       `[{"dbid":1,"content":-1`,
		"another type":  `[{"dbid":"one"}]`,
		"two answers":   "[]\n[]\n",
		"not an answer": "ERROR:  relation does not exist\nLINE 2\n",
	} {
		c, err := ParseCatalogue(out)
		if err == nil {
			t.Errorf("%s: read as %v", name, c)
			continue
		}
		if text := err.Error(); !strings.Contains(text, "gp_segment_configuration") || strings.Contains(text, "\n") {
			t.Errorf("%s: the error is %q: want one line that names the table", name, text)
		}
	}
	if c, err := ParseCatalogue("[]\n"); err != nil || len(c) != 0 {
		t.Errorf("an empty catalogue is %v, error %v", c, err)
	}
}

func TestMissing(t *testing.T) {
	without := func(drop func(Row) bool) Catalogue { return slices.DeleteFunc(catalogue(t, "healthy"), drop) }
	moved := catalogue(t, "healthy")
	moved[2].Dir, moved[5].Host, moved[4].Port = "/elsewhere", "other-1.agent.gp3.svc.cluster.local", 40001
	tests := map[string]struct {
		have Catalogue
		want []string
	}{
		"nothing at all": {nil, []string{"content 0 has no primary", "content 0 has no mirror", "content 1 has no primary",
			"content 1 has no mirror", "there is no coordinator"}},
		"no mirrors":   {without(func(r Row) bool { return r.Content >= 0 && r.Role == topology.Mirror }), []string{"content 0 has no mirror", "content 1 has no mirror"}},
		"no content 1": {without(func(r Row) bool { return r.Content == 1 }), []string{"content 1 has no primary", "content 1 has no mirror"}},
		"no coordinator": {without(func(r Row) bool { return r.Content == -1 && r.Role == topology.Primary }),
			[]string{"there is no coordinator"}},
		"no standby": {without(func(r Row) bool { return r.Content == -1 && r.Role == topology.Mirror }), nil},
		"elsewhere": {moved, []string{
			"the primary of content 0 is primary-0.agent.gp3.svc.cluster.local:40000:/elsewhere instead of primary-0.agent.gp3.svc.cluster.local:40000:/greenplum/data",
			"the primary of content 1 is primary-1.agent.gp3.svc.cluster.local:40001:/greenplum/data instead of primary-1.agent.gp3.svc.cluster.local:40000:/greenplum/data",
			"the mirror of content 1 is other-1.agent.gp3.svc.cluster.local:50000:/greenplum/mirror/data instead of mirror-1.agent.gp3.svc.cluster.local:50000:/greenplum/mirror/data",
		}},
	}
	for name, test := range tests {
		if diff := cmp.Diff(test.want, test.have.Missing(wanted(t))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Situations that were not captured from a real cluster, each one change away from the healthy one.
func TestUnhealthy(t *testing.T) {
	tests := map[string]struct {
		change func(Catalogue)
		want   []string
	}{
		"standby behind": {func(c Catalogue) { c[1].Mode = "n" }, []string{"content -1, dbid 6 on coordinator-1 is not in sync with its primary"}},
		"standby down":   {func(c Catalogue) { c[1].Status = "d" }, []string{"content -1, dbid 6 on coordinator-1 is down"}},
		"mirror behind":  {func(c Catalogue) { c[3].Mode = "n" }, []string{"content 0, dbid 4 on mirror-0 is not in sync with its primary"}},
		"mirror down":    {func(c Catalogue) { c[3].Mode, c[3].Status = "n", "d" }, []string{"content 0, dbid 4 on mirror-0 is down"}},
		"both copies down": {func(c Catalogue) { c[4].Status, c[5].Status = "d", "d" },
			[]string{"content 1, dbid 3 on primary-1 is down", "content 1, dbid 5 on mirror-1 is down"}},
	}
	for name, test := range tests {
		c := catalogue(t, "healthy")
		test.change(c)
		if diff := cmp.Diff(test.want, c.Unhealthy()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
