package segments

import (
	"slices"
	"strings"
	"testing"
	"time"

	"gpk/pkg/topology"
)

// dbids go on from the highest that there is, whatever gaps failovers have left below it.
func TestNewRows(t *testing.T) {
	catalogue := Catalogue{{DBID: 2}, {DBID: 9, Content: topology.CoordinatorContent}, {DBID: 3, Content: 1}}
	rows := catalogue.NewRows([]topology.Instance{
		{Content: 2, Role: topology.Primary, Host: "p2"}, {Content: 3, Role: topology.Primary, Host: "p3"},
		{Content: 2, Role: topology.Mirror, Host: "m2"}, {Content: 3, Role: topology.Mirror, Host: "m3"},
	})
	var hosts []string
	for i, row := range rows {
		if row.DBID != int32(10+i) {
			t.Errorf("%s has dbid %d", row.Host, row.DBID)
		}
		hosts = append(hosts, row.Host)
	}
	if got := strings.Join(hosts, " "); got != "p2 m2 p3 m3" {
		t.Errorf("rows %s", got)
	}
	input := ExpandSetup(rows[:1]).Files[0].Content
	if input != "p2|p2|0||10|2|p\n" {
		t.Errorf("input %q", input)
	}
}

func TestRedistribute(t *testing.T) {
	tests := map[string]Redistribution{
		"gpexpand -n 1":             {},
		"gpexpand -n 4 -d 26:00:05": {Limit: 26*time.Hour + 5*time.Second, Parallel: 4},
		"gpexpand -n 1 -d 0:01:30":  {Limit: 90 * time.Second, Parallel: 1},
	}
	for want, bounds := range tests {
		if got := strings.Join(Redistribute(bounds).Argv, " "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestParseExpansion(t *testing.T) {
	e, err := ParseExpansion(`{"status" : "EXPANSION STOPPED", "tables" : 10, "tablesLeft" : 7, "bytes" : 15518924, "bytesLeft" : 4613734,
		"left" : ["shop.public.t"], "estimate" : "00:00:02.213"}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.String(); got != "3 of 10 tables, 10.4 MiB of 14.8 MiB, about 00:00:02 left" || e.Complete() || !slices.Equal(e.Left, []string{"shop.public.t"}) {
		t.Errorf("%s, complete %t, left %q", got, e.Complete(), e.Left)
	}
	if e, err := ParseExpansion(`{"status": null, "tables": 0}`); err != nil || e.Status == "" || e.Complete() {
		t.Errorf("a schema that is being set up: %+v, %v", e, err)
	}
	if e, err := ParseExpansion(`{"status": "EXPANSION COMPLETE", "tables": 0, "left": null, "estimate": null}`); err != nil || !e.Complete() {
		t.Errorf("a complete one: %+v, %v", e, err)
	}
	if _, err := ParseExpansion(""); err == nil {
		t.Error("nothing is an answer")
	}
}

func TestParseExpansionFacts(t *testing.T) {
	const answer = "status UPDATE_CATALOG_STARTED\ngpexpand running\nfree 42750263296\nsize 62000000\n" +
		"instance /greenplum/primary/gpseg1 running new\ninstance /greenplum/primary/gpseg0 stopped kept\nend\n"
	facts, err := ParseExpansionFacts(answer)
	if err != nil || facts.Setup != CatalogueStarted || !facts.Runs || facts.Free != 42750263296 || facts.Coordinator != 62000000 ||
		facts.Instances["/greenplum/primary/gpseg1"] != (NewInstance{"running", true}) ||
		facts.Instances["/greenplum/primary/gpseg0"] != (NewInstance{"stopped", false}) {
		t.Errorf("%+v, %v", facts, err)
	}
	for _, wrong := range []string{"", strings.TrimSuffix(answer, "end\n"), "free many\nend\n", "nonsense\nend\n"} {
		if _, err := ParseExpansionFacts(wrong); err == nil {
			t.Errorf("%q is an answer", wrong)
		}
	}
}

// One decimal always, so that two sizes that are compared in a message can be told apart.
func TestSize(t *testing.T) {
	for bytes, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 10 << 20: "10.0 MiB", 93<<30 + 1<<28: "93.2 GiB", 200 << 30: "200.0 GiB",
		1 << 40: "1.0 TiB", 3 << 50: "3.0 PiB", 4 << 60: "4096.0 PiB",
	} {
		if got := Size(bytes); got != want {
			t.Errorf("%d: %s, want %s", bytes, got, want)
		}
	}
}
