package segments

import (
	"fmt"
	"strings"
)

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
	return `select coalesce(json_agg(found), '[]') from (
  select w.name, f.setting as value, coalesce(f.sourcefile like '%postgresql.auto.conf', false) as altered,
    coalesce(s.pending_restart, false) as pending
  from (select unnest(array[` + literals(names) + `]) as name) as w
  left join pg_settings as s on lower(s.name) = w.name
  left join (select distinct on (lower(name)) lower(name) as name, setting, sourcefile from pg_file_settings
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
	return found, err
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
	return `select distinct name from pg_file_settings where sourcefile like '%postgresql.conf' and lower(name) in (` + literals(names) + `)
  order by name;
`
}
