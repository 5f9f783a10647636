package segments

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"gpk/pkg/topology"
)

// NewRows gives new instances the dbids that gpexpand wants: those after the highest of the catalogue, without a gap. Failovers
// leave gaps among those that exist. The order is that of the contents, the primary of each first.
func (c Catalogue) NewRows(instances []topology.Instance) []topology.Instance {
	rows := slices.Clone(instances)
	slices.SortStableFunc(rows, func(a, b topology.Instance) int {
		return cmp.Or(cmp.Compare(a.Content, b.Content), -cmp.Compare(a.Role, b.Role))
	})
	last := int32(0)
	for _, row := range c {
		last = max(last, row.DBID)
	}
	for i := range rows {
		last++
		rows[i].DBID = last
	}
	return rows
}

// expansionInput is gpexpand's file: host|address|port|datadir|dbid|content|role.
const expansionInput = "expansion.input"

func expansionFile(rows []topology.Instance) []File {
	var b strings.Builder
	for _, i := range rows {
		fmt.Fprintf(&b, "%s|%s|%d|%s|%d|%d|%s\n", i.Host, i.Host, i.Port, i.Dir, i.DBID, i.Content, i.Role)
	}
	return []File{{expansionInput, b.String()}}
}

// ExpandSetup adds the rows' instances to the cluster: afterwards the catalogue has them, their mirrors are in sync, and the
// schema gpexpand lists the tables that are still to be redistributed. With that schema there it redistributes instead. The
// template of the new segments is unpacked from their pods' volumes, which have more room than their containers.
func ExpandSetup(rows []topology.Instance) Utility {
	command := Script("gpexpand.sh", "-i", expansionInput, "-t", topology.VolumeMount+"/.gpk")
	return Utility{Argv: command.Argv, Files: expansionFile(rows)}
}

// ExpandRollback undoes a setup that has not changed the catalogue yet.
func ExpandRollback(rows []topology.Instance) Utility {
	return Utility{Argv: []string{"gpexpand", "-r", "-i", expansionInput}, Files: expansionFile(rows)}
}

// Redistribution bounds what Redistribute does.
type Redistribution struct {
	// Limit is for how long; 0: until all is done.
	Limit time.Duration
	// Parallel is how many tables at once.
	Parallel int
}

// Redistribute moves the tables' rows, table by table, until all are done or the time is over.
func Redistribute(r Redistribution) Utility {
	argv := []string{"gpexpand", "-n", strconv.Itoa(max(r.Parallel, 1))}
	if r.Limit > 0 {
		seconds := int64(r.Limit.Round(time.Second).Seconds())
		argv = append(argv, "-d", fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60))
	}
	return Utility{Argv: argv}
}

// DropExpansion removes the schema gpexpand of an expansion that is complete, and says no to a copy of it.
func DropExpansion() Command {
	return Run("gpexpand", "-c").reading("n\n")
}

// Analyze has a database gather the statistics of all its tables.
func Analyze(database string) Utility {
	return Utility{Argv: PsqlArgv(database, "", "-X", "-q", "-c", "analyze")}
}

// DatabasesSQL prints the names of the databases that can be connected to, as a JSON array.
const DatabasesSQL = "select json_agg(datname order by datname) from pg_database where datallowconn and datname <> 'template0';\n"

// ParseNames reads a JSON array of names.
func ParseNames(out string) ([]string, error) { return parseJSON[[]string](out, "a list of names") }

// TablespacesSQL prints the names of tablespaces that users have made, as a JSON array.
const TablespacesSQL = "select coalesce(json_agg(spcname order by spcname), '[]') from pg_tablespace where oid >= 16384;\n"

// SizeSQL prints the bytes of a database.
const SizeSQL = "select pg_database_size(current_database());\n"

// LargestSQL prints the bytes of the database's largest table on the segment that has most of it. Redistributing a table writes
// it anew before the old copy goes. Without the offset, Greenplum would ask for the sizes on the coordinator, and say no.
const LargestSQL = `select coalesce(max(bytes), 0) from (select pg_relation_size(oid) as bytes from gp_dist_random('pg_class')
  where relkind in ('r', 'm') and oid >= 16384 offset 0) as tables;
`
