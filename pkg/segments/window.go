package segments

import (
	"fmt"

	"gpk/pkg/topology"
)

// ExpandingSQL prints t if an expansion has begun and its schema was not taken away yet, by whomever.
const ExpandingSQL = "select exists (select from pg_namespace where nspname = 'gpexpand');\n"

// Broken says in words what would not survive a restart of all pods at once: an instance that is down, or a pair that is out of
// sync. Switched roles do.
func (c Catalogue) Broken() []string {
	var faults []string
	for _, row := range c {
		name := fmt.Sprintf("content %d, dbid %d on %s", row.Content, row.DBID, row.Pod())
		switch {
		case !row.Up():
			faults = append(faults, name+" is down")
		case row.Role == topology.Mirror && row.Mode != "s":
			faults = append(faults, name+" is not in sync")
		}
	}
	return faults
}
