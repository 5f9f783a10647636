package segments

import (
	"strconv"
	"strings"
)

// Administrator is the database's owner, and the user that its processes run as.
const Administrator = "gpadmin"

// DropPasswordSQL takes the administrator's password away. gpinitsystem sets one that is the same in all the world.
const DropPasswordSQL = "alter role " + Administrator + " password null;\n"

// DatabaseExistsSQL prints t if the database exists.
func DatabaseExistsSQL(name string) string {
	return "select exists (select from pg_database where datname = " + literal(name) + ");\n"
}

// CreateDatabaseSQL makes a database.
func CreateDatabaseSQL(name string) string {
	return "create database " + identifier(name) + ";\n"
}

// MissingExtensionsSQL prints which of some extensions a database lacks, one name a line.
func MissingExtensionsSQL(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = "(" + strconv.Itoa(i) + ", " + literal(name) + ")"
	}
	return "select name from (values " + strings.Join(quoted, ", ") + ") as wanted (place, name) " +
		"where name not in (select extname from pg_extension) order by place;\n"
}

// CreateExtensionSQL makes an extension. Those that it needs have to be there.
func CreateExtensionSQL(name string) string {
	return "create extension if not exists " + identifier(name) + ";\n"
}

// literal and identifier quote a value for SQL with standard_conforming_strings on, the default since PostgreSQL 9.1.
func literal(s string) string    { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
func identifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// literals are several literals, as a list of SQL.
func literals(values []string) string {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = literal(value)
	}
	return strings.Join(quoted, ", ")
}
