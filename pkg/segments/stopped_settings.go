package segments

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gpk/pkg/topology"
)

// TryStart has a server start, as far as it gets without data, with the files of the instance in a directory and these settings. It changes
// nothing. postgres -C looks at the values alone: a library or a certificate that is not there it does not miss.
func TryStart(dir string, settings []Setting) Command {
	args := []string{"try", dir}
	for _, s := range settings {
		args = append(args, s.Name+"="+s.Value)
	}
	return Script("settings.sh", args...)
}

// ParseTryStart is why the server of TryStart would not start. It is "" if it would, or if it does not say.
func ParseTryStart(out string) (string, error) {
	var said strings.Builder
	err := parseLines(out, "the server's words were", func(line string, _ []string) error {
		if text, found := strings.CutPrefix(line, "said "); found {
			said.WriteString(text + "\n")
		}
		return nil
	})
	if err != nil || !strings.Contains(said.String(), "FATAL") {
		return "", err
	}
	return SettingFault(said.String()), nil
}

// FileChange is what files of instances are to have of some settings: those that are set, in their order, and those that are not in them.
type FileChange struct {
	Set     []Setting
	Removed []string
}

// fileName is a name that a file can have. Without a server nobody else says that there is none.
var fileName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)*$`) //nolint:gochecknoglobals // never changed

// CanBeInFile reports whether a file can have a setting.
func CanBeInFile(s Setting) bool {
	return fileName.MatchString(s.Name) && !strings.ContainsAny(s.Value, "\r\n")
}

// CheckFiles asks a pod whether the files of its instances have a change. WriteFiles gives it to them, if none of them runs.
func CheckFiles(dirs []string, change FileChange) Command { return change.call("check", dirs) }

// WriteFiles changes the files of instances of a pod that do not run.
func WriteFiles(dirs []string, change FileChange) Command { return change.call("write", dirs) }

func (c FileChange) call(verb string, dirs []string) Command {
	var b strings.Builder
	for _, s := range c.Set {
		fmt.Fprintf(&b, "set %s %s\n", strings.ToLower(s.Name), escaped(s.Value))
	}
	for _, name := range c.Removed {
		fmt.Fprintf(&b, "remove %s\n", strings.ToLower(name))
	}
	b.WriteString("end\n")
	return Script("settings.sh", append([]string{verb}, dirs...)...).reading(b.String())
}

// ParseFiles reads the answer of CheckFiles or WriteFiles: the settings that the files do not have as they should, with their directories.
func ParseFiles(out string) ([]string, error) {
	var differing []string
	err := parseLines(out, "the settings in the files were", func(line string, words []string) error {
		if len(words) != 3 || words[0] != "differs" {
			return fmt.Errorf("unknown answer about settings: %q", line)
		}
		differing = append(differing, words[2]+" of the instance in "+words[1])
		return nil
	})
	return whole(differing, err)
}

// TrySession runs gpk's question for the catalogue in a session with settings. It has none of gpk's own options: neither have sessions of
// the utilities.
func TrySession(settings []Setting) Command {
	// A server takes one after the other, and statement_mem only below max_statement_mem.
	isMost := func(s Setting) bool { return strings.EqualFold(s.Name, topology.MostStatement) }
	settings = slices.Concat(slices.DeleteFunc(slices.Clone(settings), func(s Setting) bool { return !isMost(s) }),
		slices.DeleteFunc(slices.Clone(settings), isMost))
	options := make([]string, len(settings))
	for i, s := range settings {
		options[i] = "-c " + strings.NewReplacer(`\`, `\\`, " ", `\ `, "\t", "\\\t").Replace(s.Name+"="+s.Value)
	}
	psql := PsqlArgv("postgres", "", "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1")
	return Run(append([]string{"env", "-u", "PGOPTIONS", "PGOPTIONS=" + strings.Join(options, " ")}, psql...)...).reading(CatalogueSQL)
}
