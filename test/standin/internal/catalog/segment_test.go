package catalog

import (
	"fmt"
	"testing"
)

// The order is that of "Targeting dbid [4, 2, 3, 5] for shutdown" after a
// failover of content 0.
func TestDataIsByContentAndActingPrimaryFirst(t *testing.T) {
	all := Segments{
		{DBID: 1, Content: -1, Role: Primary, Address: "c"}, {DBID: 2, Content: 0, Role: Mirror, Address: "p0"}, {DBID: 3, Content: 1, Role: Primary, Address: "p1"},
		{DBID: 4, Content: 0, Role: Primary, Address: "m"}, {DBID: 5, Content: 1, Role: Mirror, Address: "m"}, {DBID: 6, Content: -1, Role: Mirror, Address: "s"},
	}
	got := make([]int, 0, len(all))
	for _, s := range all.Data() {
		got = append(got, s.DBID)
	}
	if fmt.Sprint(got) != "[4 2 3 5]" {
		t.Errorf("%v", got)
	}
	if hosts := fmt.Sprint(all.Data().Hosts()); hosts != "[m p0 p1]" {
		t.Errorf("hosts %s", hosts)
	}
	if s, ok := all.Standby(); !ok || s.DBID != 6 {
		t.Errorf("standby %v", s)
	}
	if all[0].DBID != 1 {
		t.Error("the rows themselves were reordered")
	}
}
