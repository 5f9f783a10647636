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

func TestBroken(t *testing.T) {
	rows := Catalogue{
		{DBID: 1, Content: -1, Role: topology.Primary, PreferredRole: topology.Primary, Status: "u", Mode: "n", Host: "c-0.x"},
		{DBID: 2, Content: 0, Role: topology.Mirror, PreferredRole: topology.Primary, Status: "u", Mode: "s", Host: "p-0.x"},
		{DBID: 3, Content: 0, Role: topology.Primary, PreferredRole: topology.Mirror, Status: "u", Mode: "s", Host: "m-0.x"},
	}
	if faults := rows.Broken(); len(faults) != 0 {
		t.Errorf("switched roles survive a restart: %q", faults)
	}
	rows[1].Mode = "n"
	rows = append(rows, Row{DBID: 4, Content: 1, Role: topology.Primary, PreferredRole: topology.Primary, Status: "d", Host: "p-1.x"})
	want := []string{"content 0, dbid 2 on p-0 is not in sync with its primary", "content 1, dbid 4 on p-1 is down"}
	if diff := cmp.Diff(want, rows.Broken()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a row and a catalogue say of themselves, in situations of a real cluster.
func TestCatalogueSelections(t *testing.T) {
	dbids := func(rows Catalogue) []int32 {
		var found []int32
		for _, row := range rows {
			found = append(found, row.DBID)
		}
		return found
	}
	for _, test := range []struct {
		situation, selection string
		selected             func(Catalogue) Catalogue
		want                 []int32
	}{
		{"healthy", "segments", Catalogue.Segments, []int32{2, 4, 3, 5}},
		{"healthy", "acting", Catalogue.Acting, []int32{1, 2, 3}},
		{"healthy", "down", Catalogue.Down, nil},
		{"healthy", "switched", Catalogue.Switched, nil},
		// The mirror of content 0 acts, and its primary is down.
		{"primary-down", "acting", Catalogue.Acting, []int32{1, 4, 3}},
		{"primary-down", "up", Catalogue.Up, []int32{1, 6, 4, 3, 5}},
		{"primary-down", "down", Catalogue.Down, []int32{2}},
		{"primary-down", "switched", Catalogue.Switched, []int32{4}},
		{"recovered-not-rebalanced", "down", Catalogue.Down, nil},
		{"recovered-not-rebalanced", "switched", Catalogue.Switched, []int32{4}},
		// The standby of old acts as the coordinator: that is not a segment in a switched role.
		{"after-activation", "switched", Catalogue.Switched, nil},
	} {
		if diff := cmp.Diff(test.want, dbids(test.selected(catalogue(t, test.situation)))); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", test.situation, test.selection, diff)
		}
	}
}

// A standby that is down is no segment that is down: gprecoverseg does not bring it back.
func TestDownLeavesTheStandbyOut(t *testing.T) {
	c := catalogue(t, "healthy")
	c[1].Status = "d"
	if down := c.Down(); len(down) > 0 {
		t.Errorf("down: %v", down)
	}
}

func TestInSync(t *testing.T) {
	for _, test := range []struct {
		status, mode string
		want         bool
	}{
		{"u", "s", true},
		{"u", "n", false},
		{"d", "n", false},
		// Until the next probe the catalogue may have a mirror that is down as in sync: it does not count as a copy.
		{"d", "s", false},
	} {
		if got := (Row{Role: topology.Mirror, Status: test.status, Mode: test.mode}).InSync(); got != test.want {
			t.Errorf("status %s and mode %s: %t", test.status, test.mode, got)
		}
	}
}

func TestStandbyAndCoordinator(t *testing.T) {
	c := catalogue(t, "after-activation")
	if row, found := c.Standby(); found {
		t.Errorf("after an activation there is a standby: %v", row)
	}
	if row, found := c.Coordinator(); !found || row.Pod() != "coordinator-1" {
		t.Errorf("the coordinator is %v, found %t", row, found)
	}
	if (Row{Content: topology.CoordinatorContent, Role: topology.Primary, PreferredRole: topology.Mirror}).Switched() {
		t.Error("a standby that acts as the coordinator counts as a segment that gprecoverseg could switch back")
	}
	if row, found := (Catalogue{}).Coordinator(); found {
		t.Errorf("of nothing: %v", row)
	}
}

// Instances are known by what they were made for: a failover makes no others of them, nor does another host.
func TestMadeFor(t *testing.T) {
	c, all := catalogue(t, "primary-down"), wanted(t)
	if got := len(c.MadeFor(all)); got != len(c) {
		t.Errorf("%d of %d rows", got, len(c))
	}
	c[2].Host = "elsewhere-0.gp3"
	first := slices.DeleteFunc(all, func(i topology.Instance) bool { return i.Content != 0 || i.Role != topology.Primary })
	if rows := c.MadeFor(first); len(rows) != 1 || rows[0].DBID != 2 {
		t.Errorf("the primary of content 0: %v", rows)
	}
	if rows := c.MadeFor(nil); len(rows) > 0 {
		t.Errorf("of no instances: %v", rows)
	}
}

func TestStray(t *testing.T) {
	c, first := catalogue(t, "healthy"), slices.DeleteFunc(wanted(t), func(i topology.Instance) bool { return i.Content != 0 })
	if stray := c.Stray(wanted(t)); len(stray) > 0 {
		t.Errorf("nothing is stray: %q", stray)
	}
	want := []string{"the catalogue has content 1 on primary-1, of which gpk knows nothing",
		"the catalogue has content 1 on mirror-1, of which gpk knows nothing"}
	if diff := cmp.Diff(want, c.Stray(first)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// OutOfSync is about the copies of segments: what is down is no copy either, and the standby is not waited for.
func TestOutOfSync(t *testing.T) {
	c := catalogue(t, "healthy")
	c[1].Mode = "n" // the standby
	if behind := c.OutOfSync(); len(behind) > 0 {
		t.Errorf("behind: %q", behind)
	}
	c[3].Mode, c[5].Status = "n", "d"
	want := []string{"content 0, dbid 4 on mirror-0 is not in sync with its primary", "content 1, dbid 5 on mirror-1 is not in sync with its primary"}
	if diff := cmp.Diff(want, c.OutOfSync()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRoleName(t *testing.T) {
	for want, row := range map[string]Row{
		"coordinator": {Content: -1, Role: topology.Primary}, "standby": {Content: -1, Role: topology.Mirror},
		"primary": {Content: 0, Role: topology.Primary}, "mirror": {Content: 0, Role: topology.Mirror},
	} {
		if got := RoleName(row.Content, row.Role); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
