package segments

import (
	"encoding/csv"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gpk/pkg/topology"
)

// ServerSetting is what a server says of one of its settings. Its JSON is stable.
type ServerSetting struct {
	Name string `json:"name"`
	// Value is the present one, with its unit.
	Value string `json:"value"`
	// Context is what a change takes, as in PostgreSQL's pg_settings: internal is never, postmaster a restart. Or it is Hidden.
	Context string `json:"context"`
	// Pending: the file has another value, which waits for a restart.
	Pending bool `json:"pending"`
}

// Hidden is the context of a setting of HiddenSQL: the server does not say what a change takes.
const Hidden = "hidden"

// InSession reports whether a session can begin with a value of its own.
func (s ServerSetting) InSession() bool {
	return slices.Contains([]string{"user", "superuser", "backend", "superuser-backend"}, s.Context)
}

// Fixed reports whether the setting cannot be changed.
func (s ServerSetting) Fixed() bool { return s.Context == "internal" }

// Restart reports whether a change counts from the next restart on only.
func (s ServerSetting) Restart() bool { return s.Context == "postmaster" }

// ServerSettingsSQL asks for settings, for ParseServerSettings. Names that the server does not know are not in the answer.
func ServerSettingsSQL(names []string) string {
	return aboutSettings(names) + `select coalesce(json_agg(found), '[]') from (
  select name, current_setting(name) as value, context, :pending as pending
    from pg_settings as s where lower(name) in (` + literals(names) + `)
  union all select name, current_setting(name), '` + Hidden + `', :unapplied from (` + hiddenSelect(names) + `) as hidden
  order by name) as found;
`
}

// ParseServerSettings reads the answer of ServerSettingsSQL.
func ParseServerSettings(out string) ([]ServerSetting, error) {
	return parseJSON[[]ServerSetting](out, "the settings")
}

// PendingSQL prints those of some settings that wait for a restart.
func PendingSQL(names []string) string {
	return aboutSettings(names) + "select name from pg_settings as s where lower(name) in (" + literals(names) + `) and :pending
  union all select name from (` + hiddenSelect(names) + `) as hidden where :unapplied
  order by name;
`
}

// UnreadSQL prints t if the coordinator's file, or that of ALTER SYSTEM, has changed since it was read. Times have whole seconds.
const UnreadSQL = `select date_trunc('second', pg_conf_load_time()) <= greatest((pg_stat_file(current_setting('config_file'))).modification,
  (select (pg_stat_file(name)).modification from pg_ls_dir('.') as name where name = 'postgresql.auto.conf'));
`

// TrySetting has the server's program take a value, and neither starts nor changes a server. The server's file counts too, but
// for statement_mem and max_statement_mem, which change together: beside has those that these are tried with.
func TrySetting(s Setting, beside []Setting) Command {
	if name := strings.ToLower(s.Name); name != topology.StatementMem && name != topology.MostStatement {
		return Run("postgres", "-C", s.Name, "-c", s.Name+"="+s.Value, "-D", topology.CoordinatorDir)
	}
	argv := []string{"postgres", "-C", s.Name}
	for _, one := range slices.Concat(beside, []Setting{s}) {
		argv = append(argv, "-c", one.Name+"="+one.Value)
	}
	return Run(append(argv, "-D", topology.CoordinatorDir, "--config-file=/dev/null")...)
}

// SegmentPsql runs SQL on an instance of the pod that it is run in, past the coordinator.
func SegmentPsql(port int32, sql string) Command {
	return Run("env", "PGOPTIONS=-c gp_role=utility", "psql", "-d", "postgres", "-p", fmt.Sprint(port), "-X", "-A", "-t", "-q",
		"-v", "ON_ERROR_STOP=1").reading(sql)
}

// plainFatal is a fatal message as PostgreSQL writes it to a terminal. Greenplum writes the columns of its log.
var plainFatal = regexp.MustCompile(`(?m)FATAL: +(.*)$`) //nolint:gochecknoglobals // compiled once, never changed

// SettingFault is why TrySetting failed, from what it said.
func SettingFault(said string) string {
	for line := range strings.Lines(said) {
		reader := csv.NewReader(strings.NewReader(line))
		reader.LazyQuotes = true
		columns, err := reader.Read()
		if err != nil {
			continue
		}
		if i := slices.Index(columns, "FATAL"); i >= 0 && i+4 < len(columns) {
			return strings.TrimSpace(columns[i+2] + " " + columns[i+4])
		}
	}
	if match := plainFatal.FindStringSubmatch(said); match != nil {
		return strings.TrimSpace(match[1])
	}
	return firstLine(said)
}

// FileSetting is what an instance says of a setting in its configuration files.
type FileSetting struct {
	Name string `json:"name"`
	// Value is the last one that the files have, which counts once they are read. Nil: they have none.
	Value *string `json:"value"`
	// Altered: it is from ALTER SYSTEM, whose file outranks the one that gpconfig writes.
	Altered bool `json:"altered"`
	// Pending: the server runs with another one, until it is started again.
	Pending bool `json:"pending"`
}

// Has reports whether the files give the setting this value, in these letters.
func (s FileSetting) Has(value string) bool { return s.Value != nil && *s.Value == value }

// FileSettingsSQL asks an instance for settings in its files, for ParseFileSettings. What neither the files nor the server
// know is not in the answer. names are in lower case.
func FileSettingsSQL(names []string) string {
	return aboutSettings(nil) + `select coalesce(json_agg(found), '[]') from (
  select w.name, f.setting as value, coalesce(f.sourcefile like '%postgresql.auto.conf', false) as altered,
    coalesce(:pending, false) as pending
  from (select unnest(array[` + literals(names) + `]) as name) as w
  left join pg_settings as s on lower(s.name) = w.name
  left join (select distinct on (lower(name)) lower(name) as name, setting, sourcefile from :files as read
    order by lower(name), seqno desc) as f on f.name = w.name
  where s.name is not null or f.name is not null
  order by w.name) as found;
`
}

// ParseFileSettings reads the answer of FileSettingsSQL, by name.
func ParseFileSettings(out string) (map[string]FileSetting, error) {
	settings, err := parseJSON[[]FileSetting](out, "the settings in the files")
	found := map[string]FileSetting{}
	for _, s := range settings {
		found[s.Name] = s
	}
	return whole(found, err)
}

// UnalterSQL takes back what ALTER SYSTEM has set on an instance. Each statement is its own transaction.
func UnalterSQL(names []string) string {
	var b strings.Builder
	for _, name := range names {
		prefix, rest, extension := strings.Cut(name, ".")
		if name = identifier(prefix); extension {
			name += "." + identifier(rest)
		}
		fmt.Fprintf(&b, "alter system reset %s;\n", name)
	}
	return b.String()
}

// InFileSQL prints those of some settings that an instance's file has. gpconfig -s --file breaks down at one that it lacks.
func InFileSQL(names []string) string {
	return aboutSettings(nil) + `select distinct name from :files as read
  where sourcefile like '%postgresql.conf' and lower(name) in (` + literals(names) + `)
  order by name;
`
}
