package segments

import (
	"fmt"
	"strings"
)

// Recover brings instances that are down back in their places, with gprecoverseg: incrementally by pg_rewind, or with full
// by a copy of all data from the other instance of the content. It exits 0 also when it finds nothing to do.
func Recover(rows []Row, full bool) Utility {
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "%s|%d|%s\n", row.Address, row.Port, row.Dir)
	}
	argv := []string{"gprecoverseg", "-a", "-s", "-i", "recover.conf"}
	if full {
		argv = append(argv, "-F")
	}
	return Utility{Argv: argv, Files: []File{{"recover.conf", b.String()}}}
}

// RecoverFully makes every instance that is down anew from its pair.
func RecoverFully() Utility {
	return Utility{Argv: []string{"gprecoverseg", "-a", "-F"}}
}

// Rebalance gives every instance its preferred role back. It restarts instances, which ends the transactions on them.
func Rebalance() Utility {
	return Utility{Argv: []string{"gprecoverseg", "-a", "-r"}}
}

// LagSQL prints how many bytes of the write-ahead log the mirrors have yet to store, all together.
// Greenplum 6 calls a place in the log a location.
const LagSQL = `select coalesce(sum(coalesce(its->>'sent_lsn', its->>'sent_location')::pg_lsn
    - coalesce(its->>'flush_lsn', its->>'flush_location')::pg_lsn), 0)::bigint
  from (select row_to_json(r) as its from gp_stat_replication as r where gp_segment_id >= 0) as mirrors;
`

// SilentMirrorsSQL counts mirrors that are up in the catalogue and not connected to their primary. It fails if a primary is silent.
const SilentMirrorsSQL = `select count(*) from gp_segment_configuration m
where role = 'm' and status = 'u' and content >= 0 and not exists (
  select 1 from gp_stat_replication r where r.gp_segment_id = m.content and r.application_name = 'gp_walreceiver');
`

// StopInstance stops one instance of a pod, quickly and cleanly.
func StopInstance(dir string) Command {
	return Run("pg_ctl", "stop", "-D", dir, "-m", "fast", "-w", "-t", "60")
}
