package segments

import "fmt"

// verifyRows is how many rows the verification writes. Hashed over the segments, nearly every segment gets one where there
// are fewer than a hundred.
const verifyRows = 1000

// VerifyWriteSQL writes rows to a distributed table and leaves them there, so that whoever looks later can read them back. With
// them goes the coordinator's timeline, which every activation of a standby begins anew: rows of another one do not prove that
// this coordinator takes writes. A table made without a distribution policy is hashed by its first column.
func VerifyWriteSQL() string {
	return fmt.Sprintf(`set client_min_messages = error;
select substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as timeline \gset
drop table if exists gpk_verify;
create table gpk_verify (id int, timeline text);
insert into gpk_verify select i, :'timeline' from generate_series(1, %d) i;
`, verifyRows)
}

// VerifyReadSQL reads the rows back and asks every primary to answer, for ParseVerify.
const VerifyReadSQL = `select json_build_object(
  'rows', (select count(*) from gpk_verify),
  'sum', (select sum(id) from gpk_verify),
  'written', (select max(timeline) from gpk_verify),
  'timeline', substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8),
  'primaries', (select count(*) from gp_dist_random('gp_id')));
`

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
