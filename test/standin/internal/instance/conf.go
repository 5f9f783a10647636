// Package instance knows a data directory: its configuration files, its pid
// file, and the command lines that start, stop and promote what is in it.
package instance

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gpk/test/standin/internal/shell"
)

// Files of a data directory beside PostgreSQL's own.
const (
	ConfFile = "postgresql.conf"
	HBAFile  = "pg_hba.conf"
	PidFile  = "postmaster.pid"
	// StandinFile holds the settings that Greenplum knows and PostgreSQL does
	// not, one name=value a line.
	StandinFile = "standin.conf"
	// InternalFile holds gp_dbid, as in Greenplum 7. PostgreSQL never reads it.
	InternalFile = "internal.auto.conf"
	// CatalogueFile holds the catalogue version the directory was made with.
	CatalogueFile = "standin.catalogue"
)

// WalReceiver is the name replicas connect by.
const WalReceiver = "gp_walreceiver"

// greenplumSettings are those of Greenplum that do not begin with gp_ or
// optimizer.
func greenplumSettings() []string {
	return []string{
		"allow_append_initplan_for_function_scan", "checkpoint_segments", "dtx_phase2_retry_second",
		"max_resource_portals_per_transaction", "max_resource_queues", "max_statement_mem", "memory_spill_ratio",
		"pljava_classpath", "readable_external_table_timeout", "resource_cleanup_gangs_on_wait", "resource_scheduler",
		"resource_select_only", "runaway_detector_activation_percent", "statement_mem", "stats_queue_level",
		"verify_gpfdists_cert", "wait_for_replication_threshold", "writable_external_table_bufsize", "xid_stop_limit",
		"xid_warn_limit",
	}
}

// GreenplumOnly tells whether a setting is Greenplum's, so that PostgreSQL
// would refuse it.
func GreenplumOnly(name string) bool {
	name = strings.ToLower(name)
	return strings.HasPrefix(name, "gp_") || strings.HasPrefix(name, "optimizer") || slices.Contains(greenplumSettings(), name)
}

// FileFor is the file of a data directory that a setting belongs into.
func FileFor(name string) string {
	switch {
	case name == "gp_dbid":
		return InternalFile
	case GreenplumOnly(name):
		return StandinFile
	default:
		return ConfFile
	}
}

// Setting is one name=value of a configuration.
type Setting struct{ Name, Value string }

// Common are the settings of every instance, beyond its port and Greenplum's
// own: sockets, log files and replication as Greenplum has them.
func Common() []Setting {
	return []Setting{
		{"listen_addresses", "'*'"},
		{"unix_socket_directories", "'/tmp'"},
		{"logging_collector", "on"},
		{"log_directory", "'log'"},
		{"log_destination", "'csvlog'"},
		{"log_filename", "'gpdb-%Y-%m-%d_%H%M%S.log'"},
		{"wal_level", "replica"},
		{"max_wal_senders", "10"},
		{"wal_keep_size", "320MB"},
		{"max_slot_wal_keep_size", "4096MB"},
		{"wal_receiver_status_interval", "1s"},
		{"max_prepared_transactions", "250"},
		{"jit", "off"},
		{"wal_log_hints", "on"}, // for pg_rewind
	}
}

// SetCommand is a command line that sets one setting in a file: replaced where
// the name stands already, else appended. As in the original nothing is escaped
// for sed, so a value with a slash cannot replace another.
func SetCommand(dir string, s Setting) string {
	file := shell.Quote(filepath.Join(dir, FileFor(s.Name)))
	line := s.Name + "=" + s.Value
	return fmt.Sprintf("if grep -qs %[1]s %[2]s; then sed -i %[3]s %[2]s; else printf '%%s\\n' %[4]s >> %[2]s; fi",
		shell.Quote("^[ ]*"+s.Name+"[ ]*="), file,
		shell.Quote(fmt.Sprintf("s/^[ ]*%s[ ]*=.*/%s/", s.Name, line)), shell.Quote(line))
}

// Read gives the value of a setting in a data directory of this host, the last
// one when there are several.
func Read(dir, name string) (string, bool) {
	settings, err := readFile(filepath.Join(dir, FileFor(name)))
	if err != nil {
		return "", false
	}
	value, ok := settings[name]
	return value, ok
}

// Port is the port a data directory of this host is configured for.
func Port(dir string) (int, error) {
	settings, err := readFile(filepath.Join(dir, ConfFile))
	if err != nil {
		return 0, err
	}
	port, err := strconv.Atoi(settings["port"])
	if err != nil {
		return 0, fmt.Errorf("no port in %s: %w", filepath.Join(dir, ConfFile), err)
	}
	return port, nil
}

func readFile(path string) (map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	out := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		name, value, found := strings.Cut(text, "=")
		if !found {
			name, value, _ = strings.Cut(text, " ")
		}
		out[strings.ToLower(strings.TrimSpace(name))] = unquote(value)
	}
	return out, nil
}

// unquote takes the value of a setting out of its quotes and comments.
func unquote(value string) string {
	value = strings.TrimSpace(value)
	if rest, ok := strings.CutPrefix(value, "'"); ok {
		inner, _, _ := strings.Cut(rest, "'")
		return inner
	}
	value, _, _ = strings.Cut(value, "#")
	return strings.TrimSpace(value)
}

// Additions reads a file of settings as gpinitsystem -p takes it: one a line,
// spaces dropped, comments skipped.
func Additions(path string) ([]Setting, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var out []Setting
	for _, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(strings.ReplaceAll(line, " ", ""))
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, _ := strings.Cut(line, "=")
		out = append(out, Setting{name, value})
	}
	return out, nil
}

// RewriteCommand is the command line with which gpconfig changes a setting in a
// file: the lines that have it become comments, and the new one comes last,
// unless the setting is to be removed.
func RewriteCommand(dir string, s Setting, remove bool) string {
	file := shell.Quote(filepath.Join(dir, FileFor(s.Name)))
	command := fmt.Sprintf("touch %[1]s && sed -i %[2]s %[1]s", file, shell.Quote(fmt.Sprintf(`s/^[ \t]*%s[ \t]*=/#&/I`, s.Name)))
	if !remove {
		command += fmt.Sprintf(" && printf '%%s\\n' %s >> %s", shell.Quote(s.Name+"="+s.Value), file)
	}
	return command
}

// ShowCommand is the command line that prints = and a setting's value in a
// file, or nothing if it has none.
func ShowCommand(dir, name string) string {
	file := shell.Quote(filepath.Join(dir, FileFor(name)))
	return fmt.Sprintf(`sed -n %s %s 2>/dev/null | tail -n 1`, shell.Quote(fmt.Sprintf(`s/^[ \t]*%s[ \t]*=[ \t]*/=/Ip`, name)), file)
}
