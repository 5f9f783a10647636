package segments

import (
	"fmt"
	"strings"

	"gpk/pkg/topology"
)

// Recover brings instances that are down back in their places, with gprecoverseg: incrementally by pg_rewind, or with full
// by a copy of all data from the other instance of the content. It exits 0 also when it finds nothing to do.
func Recover(rows []Row, full bool) Utility {
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "%s|%d|%s\n", row.Address, row.Port, row.Dir)
	}
	argv := []string{"gprecoverseg", "-a", "--hba-hostnames", "-s", "-i", "recover.conf"}
	if full {
		argv = append(argv, "-F")
	}
	return Utility{Argv: argv, Files: []File{{"recover.conf", b.String()}}}
}

// Rebalance gives every instance its preferred role back. It stops and starts instances, which ends the transactions that are
// under way on them.
func Rebalance() Utility {
	return Utility{Argv: []string{"gprecoverseg", "-a", "-r", "--hba-hostnames"}}
}

// LagSQL prints how many bytes of the write-ahead log the mirrors have yet to store, all together.
const LagSQL = `select coalesce(sum(pg_wal_lsn_diff(sent_lsn, flush_lsn)), 0)::bigint from gp_stat_replication where gp_segment_id >= 0;
`

// SilentMirrorsSQL prints the number of mirrors that are up in the catalogue and not connected to their primary. It fails where a
// primary does not answer.
const SilentMirrorsSQL = `select count(*) from gp_segment_configuration m
where role = 'm' and status = 'u' and content >= 0 and not exists (
  select 1 from gp_stat_replication r where r.gp_segment_id = m.content and r.application_name = 'gp_walreceiver');
`

// Down are the instances of segments, without the coordinators, that are marked as down.
func (c Catalogue) Down() []Row {
	var down []Row
	for _, row := range c {
		if row.Content != topology.CoordinatorContent && !row.Up() {
			down = append(down, row)
		}
	}
	return down
}

// Switched are the primaries that act in place of the one that was made for it.
func (c Catalogue) Switched() []Row {
	var switched []Row
	for _, row := range c {
		if row.Content != topology.CoordinatorContent && row.Role == topology.Primary && row.Role != row.PreferredRole {
			switched = append(switched, row)
		}
	}
	return switched
}

// OutOfSync says in words which mirrors have yet to catch up.
func (c Catalogue) OutOfSync() []string {
	var behind []string
	for _, row := range c {
		if row.Content != topology.CoordinatorContent && row.Role == topology.Mirror && (row.Mode != "s" || !row.Up()) {
			behind = append(behind, row.String()+" is not in sync with its primary")
		}
	}
	return behind
}

// String names the row's instance for people.
func (r Row) String() string {
	return fmt.Sprintf("content %d, dbid %d on %s", r.Content, r.DBID, r.Pod())
}

// StopInstance stops one instance of a pod, quickly and cleanly.
func StopInstance(dir string) Command {
	return run("pg_ctl", "stop", "-D", dir, "-m", "fast", "-w", "-t", "60")
}
