package segments

import "strings"

// What differs between the releases of Greenplum's family in SQL is here. Greenplum 6 is PostgreSQL 9.4, which has other names for the
// write-ahead log, and no view of what is in its files. Each question chooses by the server's own version, in psql, which puts the text of
// a variable in the place of :name. What differs in the pods is in templates/scripts/release.sh.

// since10 holds on servers with the names and views that PostgreSQL has since 10.
const since10 = "current_setting('server_version_num')::int >= 100000"

// storesSCRAM holds on servers that store a password as SCRAM-SHA-256: all since PostgreSQL 10, and one of Greenplum 6 that is told to.
const storesSCRAM = since10 + " or exists (select from pg_settings where name = 'password_hash_algorithm' and setting = 'SCRAM-SHA-256')"

// variable has psql keep one of two pieces of SQL under a name, the second one for Greenplum 6.
func variable(name, since, before string) string { return choice(name, since10, since, before) }

func choice(name, condition, holds, not string) string {
	return "select case when " + condition + " then " + literal(holds) + " else " + literal(not) + " end as " + name + " \\gset\n"
}

// walFile defines :wal_file, the name of the file of the write-ahead log that the server writes to.
var walFile = variable("wal_file", "pg_walfile_name(pg_current_wal_lsn())", //nolint:gochecknoglobals // never changed
	"pg_xlogfile_name(pg_current_xlog_location())")

// filesBefore10 reads the files as pg_file_settings does: name, setting, sourcefile and seqno, of lines that have a setting. A value's
// letters may be written as numbers, as gpk does.
const filesBefore10 = `(select m[1] as name, case when left(m[2], 1) <> '''' then m[2]
    else replace(replace(replace(replace(substr(m[2], 2, length(m[2]) - 2), '''''', ''''), '\044', '$'), '\140', chr(96)), '\\', '\')
    end as setting,
    file.path as sourcefile, file.place * 1000000 + line.place as seqno
  from (values (1, 'postgresql.conf'), (2, 'postgresql.auto.conf')) as file (place, path),
    lateral regexp_split_to_table(pg_read_file(file.path), E'\n') with ordinality as line (text, place),
    lateral regexp_matches(line.text, '^\s*([A-Za-z_][A-Za-z0-9_.]*)\s*[= ]\s*(''(?:[^'']|'''')*''|[^#''\s]+)') as m)`

// pendingBefore10 says of a row s of pg_settings whether the files have another value that waits for a restart.
const pendingBefore10 = `(s.context = 'postmaster' and exists (select 1 from (select setting from ` + filesBefore10 + ` as f
    where lower(f.name) = lower(s.name) order by seqno desc limit 1) as f
  where f.setting <> s.setting and case s.vartype
    when 'bool' then (lower(f.setting) in ('on', 'true', 'yes', '1')) <> (s.setting = 'on')
    when 'string' then true when 'enum' then lower(f.setting) <> lower(s.setting)
    else substring(f.setting from '^[-+]?[0-9.]+')::numeric * coalesce((` + unitsBefore10 + ` where unit = coalesce(
        substring(f.setting from '[A-Za-z]+$'), s.unit)), 1)
      <> s.setting::numeric * coalesce((` + unitsBefore10 + ` where unit = s.unit), 1) end))`

const unitsBefore10 = `select factor from (values ('kB', 1), ('8kB', 8), ('32kB', 32), ('MB', 1024), ('GB', 1048576), ('TB', 1073741824),
        ('ms', 1), ('s', 1000), ('min', 60000), ('h', 3600000), ('d', 86400000)) as units (unit, factor)`

// hiddenBefore10 keeps the names that the server knows and does not list: only an error tells there that it does not know one.
func hiddenBefore10(names []string) string {
	return `do $body$ declare n text; known text[] := '{}'; begin
  foreach n in array array[` + literals(names) + `]::text[] loop
    begin perform current_setting(n); known := known || n; exception when others then null; end;
  end loop;
  perform set_config('gpk.known', array_to_string(known, ','), false); end $body$`
}

// aboutSettings defines what questions about settings need: :files, :pending of a row s of pg_settings, :hidden of a name h.name, and
// :unapplied of a row hidden. names are in lower case.
func aboutSettings(names []string) string {
	return strings.Join([]string{
		variable("files", "pg_file_settings", filesBefore10),
		variable("pending", "s.pending_restart", pendingBefore10),
		variable("note_hidden", "select 1 where false", hiddenBefore10(names)) + ":note_hidden;\n",
		variable("hidden", "current_setting(h.name, true) is not null",
			"h.name = any (string_to_array(current_setting('gpk.known'), ','))"),
		// Of a value that is right and was read, the server says that it could not be applied.
		variable("unapplied", "exists (select from pg_file_settings as f where lower(f.name) = hidden.name and f.error is not null)",
			"false"),
	}, "")
}
