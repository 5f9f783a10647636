package segments

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/topology"
)

func mirrored(t *testing.T, spec string) topology.Topology {
	t.Helper()
	c, err := topology.Load([]byte("apiVersion: gpk/v1alpha1\nkind: GreenplumCluster\nmetadata: {name: demo, namespace: ns}\n"+
		"spec:\n  version: 7.1.0\n  image: registry.example/greenplum\n"+spec), "ns")
	if err != nil {
		t.Fatal(err)
	}
	return topology.New(c)
}

func TestLinks(t *testing.T) {
	var got []string
	for _, link := range Links(mirrored(t, "  segments: {count: 2, perPod: 2}\n")) {
		got = append(got, strings.NewReplacer("from pod demo-", "", "to pod demo-", "", ", port", "").Replace(link.String()))
	}
	slices.Sort(got)
	want := []string{
		// Both ways between the coordinator and everybody, and the standby as well, which may be the next coordinator.
		"coordinator-0 coordinator-1 5432", "coordinator-0 mirror-0 50000", "coordinator-0 mirror-0 50001",
		"coordinator-0 primary-0 40000", "coordinator-0 primary-0 40001",
		"coordinator-1 coordinator-0 22", "coordinator-1 coordinator-0 5432",
		"coordinator-1 mirror-0 22", "coordinator-1 mirror-0 50000", "coordinator-1 mirror-0 50001",
		"coordinator-1 primary-0 22", "coordinator-1 primary-0 40000", "coordinator-1 primary-0 40001",
		"mirror-0 coordinator-0 5432", "mirror-0 coordinator-1 5432", "mirror-0 primary-0 40000", "mirror-0 primary-0 40001",
		"primary-0 coordinator-0 5432", "primary-0 coordinator-1 5432", "primary-0 mirror-0 50000", "primary-0 mirror-0 50001",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if alone := Links(mirrored(t, "  coordinator: {standby: false}\n  segments: {count: 1, mirrors: false}\n")); len(alone) != 2 {
		t.Errorf("a coordinator and a primary: %v", alone)
	}
}

// All links are tried, each once, with few hosts at a time, and no host is made to listen much more often than in one go.
func TestBatches(t *testing.T) {
	links := Links(mirrored(t, "  segments: {count: 1000, perPod: 2}\n"))
	const most = 100
	var all []Link
	listened := map[string]int{}
	for _, batch := range Batches(links, most) {
		hosts, listening := map[string]bool{}, map[string]bool{}
		for _, link := range batch {
			hosts[link.From], hosts[link.To] = true, true
			listening[link.To] = listening[link.To] || link.Port != sshPort
		}
		if len(hosts) > most {
			t.Errorf("%d hosts at a time", len(hosts))
		}
		for host, listens := range listening {
			if listens {
				listened[host]++
			}
		}
		all = append(all, batch...)
	}
	if !slices.Equal(all, links) {
		t.Errorf("%d links are tried, of %d", len(all), len(links))
	}
	total := 0
	for _, times := range listened {
		total += times
	}
	if hosts := 1002; len(listened) != hosts || total > hosts+hosts/10 {
		t.Errorf("%d hosts are made to listen %d times", len(listened), total)
	}
	if none := Batches(nil, most); len(none) != 0 {
		t.Errorf("of nothing: %v", none)
	}
	if pair := Batches([]Link{{"a", "b", 1}, {"b", "a", 1}, {"a", "c", 1}}, 2); len(pair) != 2 || len(pair[0]) != 2 {
		t.Errorf("two hosts at a time: %v", pair)
	}
}

func TestUntried(t *testing.T) {
	links := []Link{{"a", "b", 1}, {"b", "a", 2}, {"a", "c", 3}, {"a", "d", 4}}
	got := Untried("a ok\nb ok fresh\nc ssh: no\nd ok fresh", links)
	if diff := cmp.Diff([]Link{{"a", "b", 1}, {"a", "d", 4}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTryLinks(t *testing.T) {
	command := TryLinks([]Link{{"a", "b", 1}, {"c", "b", 1}, {"b", "a", 2}, {"c", "a", 22}})
	want := "listen b 1\nconnect a b 1\nconnect c b 1\nlisten a 2\nconnect b a 2\nconnect c a 22\n"
	if command.Stdin != want {
		t.Errorf("%q", command.Stdin)
	}
}

func TestParseLinks(t *testing.T) {
	links := []Link{{"a.ns", "b.ns", 1}, {"b.ns", "a.ns", 2}}
	tests := map[string]struct {
		out  string
		want []string
		cut  bool
	}{
		"all well":     {out: "ok b.ns a.ns 2\nok a.ns b.ns 1\nend\n"},
		"one refused":  {out: "ok b.ns a.ns 2\nno a.ns b.ns 1 Connection refused\nend\n", want: []string{"from pod a to pod b, port 1: Connection refused"}},
		"one untold":   {out: "ok b.ns a.ns 2\nend\n", want: []string{"from pod a to pod b, port 1: no answer"}},
		"no listener":  {out: "fault b.ns cannot listen on -p 1: in use\nok b.ns a.ns 2\nend\n", want: []string{"pod b: cannot listen on -p 1: in use"}},
		"cut off":      {out: "ok b.ns a.ns 2\nok a.ns b.ns 1\n", cut: true},
		"cut off, too": {out: "ok b.ns a.ns 2\nok a.ns b.", cut: true},
		"noise":        {out: "hello\nend\n", cut: true},
	}
	for name, test := range tests {
		got, err := ParseLinks(test.out, links)
		if diff := cmp.Diff(test.want, got); diff != "" || (err != nil) != test.cut {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

func TestUnreachable(t *testing.T) {
	hosts := []string{"a", "b", "c", "d"}
	tests := map[string]struct {
		out  string
		want []string
	}{
		"all answer, in any order": {"c ok\na ok\nd ok\nb ok\n", nil},
		"one refuses":              {"a ok\nb ssh: connect to host b port 22: Connection refused\nc ok\nd ok\n", []string{"b: ssh: connect to host b port 22: Connection refused"}},
		"one without an instance":  {"a ok\nb ok fresh\nc ok\nd ok\n", nil},
		"cut off":                  {"a ok\nb o", []string{"b: o", "c: no answer", "d: no answer"}},
		"nothing":                  {"", []string{"a: no answer", "b: no answer", "c: no answer", "d: no answer"}},
		"a silent failure":         {"a \nb ok\nc ok\nd ok", []string{"a: "}},
		"others":                   {"aa ok\na ok\nb ok\nc ok\nd ok\n", nil},
	}
	for name, test := range tests {
		if diff := cmp.Diff(test.want, Unreachable(test.out, hosts)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
