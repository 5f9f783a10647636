package segments

import (
	"regexp"
	"strings"
)

// RoleSetting is a server setting with the value of the coordinator and its standby, and that of the segments.
type RoleSetting struct{ Name, Coordinator, Segment string }

// Gpconfig writes a setting into the files of every instance. It exits 0 even if a file could not be written, and the
// instances have to read their files, or to start again, before it counts.
//
// gpconfig puts quotes around text, and hands it to a shell that expands what it finds in it. Such values are written as
// PostgreSQL's files allow, with numbers for these letters, and then gpconfig must not look at them. Neither must it at a
// setting of HiddenSQL, which it refuses to change.
func Gpconfig(s RoleSetting, hidden bool) Utility {
	argv := []string{"gpconfig", "-c", s.Name, "-v", s.Segment, "-m", s.Coordinator}
	if hidden || strings.ContainsAny(s.Segment+s.Coordinator, "$`") {
		argv = []string{"gpconfig", "--skipvalidation", "-c", s.Name, "-v", escaped(s.Segment), "-m", escaped(s.Coordinator)}
	}
	return Utility{Argv: argv}
}

// GpconfigRemove takes a setting out of the files of all instances, one of HiddenSQL as Gpconfig gives it to them.
func GpconfigRemove(name string, hidden bool) Utility {
	if hidden {
		return Utility{Argv: []string{"gpconfig", "--skipvalidation", "-r", name}}
	}
	return Utility{Argv: []string{"gpconfig", "-r", name}}
}

// escaped is a value in quotes, without a letter that a shell expands.
func escaped(value string) string {
	return "'" + strings.NewReplacer("'", "''", `\`, `\\`, "$", `\044`, "`", `\140`).Replace(value) + "'"
}

// HiddenSQL prints those of some settings that the server knows and does not list, in lower case. Greenplum has some two hundred.
func HiddenSQL(names []string) string { return aboutSettings(names) + hiddenSelect(names) + ";\n" }

// hiddenSelect is HiddenSQL to put into a larger statement, behind aboutSettings.
func hiddenSelect(names []string) string {
	return `select h.name from unnest(array[` + literals(names) + `]::text[]) as h(name)
  where not exists (select from pg_settings as s where lower(s.name) = h.name) and :hidden`
}

// GpconfigShow prints what the files of all instances have of a setting.
func GpconfigShow(name string) Command { return Run("gpconfig", "-s", name, "--file") }

// shownValue is a line of GpconfigShow when all segments agree. Greenplum 6 calls the coordinator master.
var shownValue = regexp.MustCompile(`(?m)^(Coordinator|Master|Segment) +value: (.*)$`) //nolint:gochecknoglobals // never changed

// Misconfigured says in what GpconfigShow's answer differs from a setting, or "".
func Misconfigured(out string, s RoleSetting) string {
	want := map[string]string{"Coordinator": s.Coordinator, "Master": s.Coordinator, "Segment": s.Segment}
	shown := shownValue.FindAllStringSubmatch(out, -1)
	for _, match := range shown {
		if value := unquoted(match[2]); value != want[match[1]] {
			return s.Name + " is " + value + " on the " + strings.ToLower(match[1]) + ", instead of " + want[match[1]]
		}
	}
	if len(shown) != 2 {
		return s.Name + " is not set on every instance alike"
	}
	return ""
}

// unquoted is a value of postgresql.conf without its quotes, or without the comment behind it.
func unquoted(value string) string {
	value = strings.TrimSpace(value)
	if len(value) >= 2 && value[0] == '\'' && value[len(value)-1] == '\'' {
		return strings.NewReplacer("''", "'", `\\`, `\`, `\044`, "$", `\140`, "`").Replace(value[1 : len(value)-1])
	}
	value, _, _ = strings.Cut(value, "#")
	return strings.TrimSpace(value)
}

// What the coordinator's process has to do before it follows its configuration file.
const (
	NeedsRestart = "restart"
	NeedsReload  = "reload"
)

// StaleSettingsSQL prints what is needed for some settings to count: NeedsRestart, NeedsReload or nothing. A file's time has
// whole seconds, so that a process which read it within the same one counts as not having read it.
func StaleSettingsSQL(names []string) string {
	return `select case
  when date_trunc('second', pg_postmaster_start_time()) <= changed and exists (
    select from pg_settings where context = 'postmaster' and name in (` + literals(names) + `)) then '` + NeedsRestart + `'
  when date_trunc('second', pg_conf_load_time()) <= changed then '` + NeedsReload + `'
  else '' end
from (select (pg_stat_file(current_setting('config_file'))).modification as changed) as file;
`
}
