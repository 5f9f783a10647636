// Package roster lists the names that the stand-in's one binary is called by.
package roster

import "slices"

// Utilities are Greenplum's that the stand-in plays.
func Utilities() []string {
	return []string{"gpactivatestandby", "gpaddmirrors", "gpconfig", "gpexpand", "gpinitstandby", "gpinitsystem", "gprecoverseg", "gpstart", "gpstate", "gpstop"}
}

// Wrapped are PostgreSQL's programs that it changes something about.
func Wrapped() []string { return []string{"initdb", "pg_ctl", "pg_isready", "postgres"} }

// Clients are PostgreSQL's programs that it passes on to.
func Clients() []string {
	return []string{
		"clusterdb", "createdb", "createuser", "dropdb", "dropuser", "pg_basebackup", "pg_checksums", "pg_controldata",
		"pg_dump", "pg_dumpall", "pg_receivewal", "pg_resetwal", "pg_restore", "pg_rewind", "pg_verifybackup",
		"pg_waldump", "pgbench", "psql", "reindexdb", "vacuumdb",
	}
}

// Prober is the name of the process beside a coordinator.
const Prober = "standin-prober"

// Names are all of them, sorted.
func Names() []string {
	all := slices.Concat(Utilities(), Wrapped(), Clients(), []string{Prober})
	slices.Sort(all)
	return all
}
