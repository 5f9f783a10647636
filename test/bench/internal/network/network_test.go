package network

import (
	"net/netip"
	"testing"
)

func prefixes(texts ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, text := range texts {
		ps = append(ps, netip.MustParsePrefix(text))
	}
	return ps
}

func TestChoose(t *testing.T) {
	tests := []struct {
		name  string
		taken []netip.Prefix
		seed  uint32
		want  string // "" for a refusal
	}{
		{"nothing taken", nil, 0, "10.200.0.0/16"},
		{"the seed picks where to begin", nil, 3, "10.203.0.0/16"},
		{"a large seed", nil, 54*1000 + 7, "10.207.0.0/16"},
		{"a host inside the block", prefixes("10.200.7.9/32"), 0, "10.201.0.0/16"},
		{"a network around several", prefixes("10.200.0.0/14"), 1, "10.204.0.0/16"},
		{"from the last on to the first", prefixes("10.253.0.0/24"), 53, "10.200.0.0/16"},
		{"others' networks", prefixes("192.0.2.0/24", "172.16.0.0/12"), 0, "10.200.0.0/16"},
		{"all of it", prefixes("10.0.0.0/8"), 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Choose(tt.taken, tt.seed)
			if tt.want == "" {
				if err == nil {
					t.Fatalf("chose %s, want a refusal", got.Block)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got.Block.String() != tt.want {
				t.Errorf("chose %s, want %s", got.Block, tt.want)
			}
		})
	}
}

func TestLayoutKeepsEverythingApart(t *testing.T) {
	l := Layout{Block: netip.MustParsePrefix("10.200.0.0/16")}
	ranges := []netip.Prefix{l.Machines(), l.Pods(), l.Services()}
	for i, a := range ranges {
		if !l.Block.Contains(a.Addr()) || a.Bits() < l.Block.Bits() || a != a.Masked() {
			t.Errorf("%s is no range of %s", a, l.Block)
		}
		for _, b := range ranges[i+1:] {
			if a.Overlaps(b) {
				t.Errorf("%s overlaps %s", a, b)
			}
		}
	}
	seen := map[netip.Addr]bool{l.Host(): true, l.Control(): true, l.Simulator(): true}
	if len(seen) != 3 || !l.Pods().Contains(l.SimulatedPods().Addr()) {
		t.Errorf("simulated pods are in %s, their simulator at %s", l.SimulatedPods(), l.Simulator())
	}
	for n := 1; n <= MaxNodes; n++ {
		if seen[l.Node(n)] || !l.Machines().Contains(l.Node(n)) {
			t.Errorf("node %d is at %s, which is taken or no machine's", n, l.Node(n))
		}
		seen[l.Node(n)] = true
		if !l.Pods().Contains(l.NodePods(n).Addr()) {
			t.Errorf("pods of node %d in %s are outside %s", n, l.NodePods(n), l.Pods())
		}
		if l.NodePods(n).Overlaps(l.SimulatedPods()) {
			t.Errorf("pods of node %d share addresses with simulated ones", n)
		}
		if n > 1 && l.NodePods(n).Overlaps(l.NodePods(n-1)) {
			t.Errorf("pods of nodes %d and %d share addresses", n-1, n)
		}
	}
	for _, a := range []netip.Addr{l.APIService(), l.DNSService()} {
		if !l.Services().Contains(a) {
			t.Errorf("%s is no Service's address", a)
		}
	}
}

func TestParseRoutes(t *testing.T) {
	out := `[
		{"dst":"default","gateway":"192.0.2.1","dev":"eth0"},
		{"dst":"192.0.2.0/24","dev":"eth0","scope":"link"},
		{"type":"local","dst":"192.0.2.2","dev":"eth0","table":"local"},
		{"type":"unreachable","dst":"10.210.0.0/16"}
	]`
	got, err := parseRoutes([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	want := prefixes("192.0.2.0/24", "192.0.2.2/32", "10.210.0.0/16")
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if _, err := parseRoutes([]byte(`[{"dst":"nonsense"}]`)); err == nil {
		t.Error("nonsense is taken for a route")
	}
}
