package segments

import (
	"fmt"
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

// verifyRows is how many rows the verification writes. Of fewer than a hundred segments, nearly each gets one by its hash.
const verifyRows = 1000

// VerifyWriteSQL writes rows to a distributed table and leaves them there, so that whoever looks later can read them back. With
// them goes the coordinator's timeline, which every activation of a standby begins anew: rows of another one do not prove that
// this coordinator takes writes. A table made without a distribution policy is hashed by its first column.
func VerifyWriteSQL() string {
	return walFile + fmt.Sprintf(`set client_min_messages = error;
select substr(:wal_file, 1, 8) as timeline \gset
drop table if exists gpk_verify;
create table gpk_verify (id int, timeline text);
insert into gpk_verify select i, :'timeline' from generate_series(1, %d) i;
`, verifyRows)
}

// VerifyReadSQL reads the rows back and asks every primary to answer, for ParseVerify.
func VerifyReadSQL() string {
	return walFile + `select json_build_object(
  'rows', (select count(*) from gpk_verify),
  'sum', (select sum(id) from gpk_verify),
  'written', (select max(timeline) from gpk_verify),
  'timeline', substr(:wal_file, 1, 8),
  'primaries', (select count(*) from gp_dist_random('gp_id')));
`
}

// AnsweringSQL prints the number of primaries that answer, or fails.
const AnsweringSQL = "select count(*) from gp_dist_random('gp_id');\n"

// ParseVerify reads what VerifyReadSQL printed and says what is wrong with it.
func ParseVerify(out string, primaries int) error {
	answer, err := parseJSON[struct {
		Rows, Sum, Primaries int
		Written, Timeline    string
	}](out, "the verification")
	if err != nil {
		return err
	}
	if want := verifyRows * (verifyRows + 1) / 2; answer.Rows != verifyRows || answer.Sum != want {
		return fmt.Errorf("%d rows with the sum %d were written, %d with the sum %d came back", verifyRows, want, answer.Rows, answer.Sum)
	}
	if answer.Written != answer.Timeline {
		return fmt.Errorf("the rows are of timeline %s: there is no row yet of the coordinator's timeline %s", answer.Written, answer.Timeline)
	}
	if answer.Primaries != primaries {
		return fmt.Errorf("%d of %d primaries answered", answer.Primaries, primaries)
	}
	return nil
}

// literal and identifier quote a value for SQL with standard_conforming_strings on, the default since PostgreSQL 9.1.
func literal(s string) string    { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
func identifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func literals(values []string) string {
	quoted := make([]string, len(values))
	for i, value := range values {
		quoted[i] = literal(value)
	}
	return strings.Join(quoted, ", ")
}
