package gpinitsystem

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
)

const wantedOpenFiles = 65535

// checkParameters judges what was asked for, before any other host is looked at
// but the standby's.
func (r *run) checkParameters(ctx context.Context) error {
	r.Log.Info("Checking configuration parameters, please wait...")
	if os.Geteuid() == 0 {
		return console.Says("Unable to run this script as root user: root.")
	}
	for _, check := range []func(context.Context) error{
		r.readFile, r.checkHere, r.checkCoordinatorDirectory, r.checkVariables, r.checkDirectories, r.checkLimits, r.checkLocales,
	} {
		if err := check(ctx); err != nil {
			return err
		}
	}
	r.Log.Info("Checking configuration parameters, Completed")
	return nil
}

func (r *run) readFile(ctx context.Context) error {
	if r.opt.input == "" { // the stand-in takes no -c files
		return console.Says("At least one of two options, [-c] or [-I], is required.")
	}
	in, err := readInput(ctx, r.opt.input)
	if err != nil {
		return err
	}
	if len(in.mirrors) != 0 && len(in.mirrors) != len(in.primaries) {
		return console.Says("Problem with configuration file. Cannot specify different number of primary and mirror segments.")
	}
	if r.opt.locale != "" {
		in.locale = r.opt.locale
	}
	if in.locale == "" {
		r.Log.Info("Locale has not been set in , will set to default value")
	}
	r.in = in
	return nil
}

// checkVariables fills in what the file leaves out.
func (r *run) checkVariables(context.Context) error {
	if r.in.database == "" {
		r.Log.Info("No DATABASE_NAME set, will exit following template1 updates")
	}
	if r.in.trustedShell == "" {
		return console.Says("TRUSTED_SHELL variable not set")
	}
	if r.in.encoding == "" {
		r.Log.Print(console.Warn, "ENCODING variable not set, will set to default UTF-8")
		r.in.encoding = "UTF-8"
	}
	if r.in.encoding == "SQL_ASCII" {
		return console.Says("SQL_ASCII is no longer supported as a server encoding")
	}
	if r.opt.maxConnect > 0 {
		r.in.maxConnect = r.opt.maxConnect
	}
	if r.in.maxConnect == 0 {
		r.Log.Info("COORDINATOR_MAX_CONNECT not set, will set to default value 250")
		r.in.maxConnect = 250
	}
	return nil
}

// checkHere makes sure that the coordinator's host is this one.
func (r *run) checkHere(ctx context.Context) error {
	host := r.in.coordinator.Address
	if name, err := os.Hostname(); err == nil && name == host {
		return nil
	}
	r.Log.Print(console.Warn, "Coordinator hostname %s does not match hostname output", host)
	r.Log.Info("Checking to see if %s can be resolved on this host", host)
	mark := fmt.Sprintf("/tmp/hostname_test_file.%d", os.Getpid())
	_, _ = r.Shell.Remote(ctx, host, "touch "+mark)
	if err := os.Remove(mark); err != nil {
		_, _ = r.Shell.Remote(ctx, host, "rm -f "+mark)
		r.Log.Print(console.Fatal, "Coordinator hostname in configuration file is %s", host)
		r.Log.Print(console.Fatal, "Unable to resolve %s on this host", host)
		return console.Says("Coordinator hostname in gpinitsystem configuration file must be %s", host)
	}
	r.Log.Info("Can resolve %s to this host", host)
	return nil
}

func (r *run) checkCoordinatorDirectory(context.Context) error {
	if len(r.in.primaries) == 0 {
		return console.Says("Number of primary directories 0 (zero)")
	}
	dir := r.in.coordinator.Dir
	parent := filepath.Dir(dir)
	probe := filepath.Join(parent, "tmp_file_test")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return console.Says("Cannot write to %s on coordinator host ", parent)
	}
	_ = os.Remove(probe)
	if _, err := os.Stat(dir); err == nil {
		return console.Says("Coordinator host data directory %s already exists", dir)
	}
	return nil
}

// checkDirectories refuses mirrors beside primaries, and ports of one kind
// among those of another.
func (r *run) checkDirectories(context.Context) error {
	type span struct{ low, high int }
	ports := func(ss catalog.Segments) span {
		s := span{1 << 20, 0}
		for _, g := range ss {
			s.low, s.high = min(s.low, g.Port), max(s.high, g.Port)
		}
		return s
	}
	overlap := func(a, b span) bool { return a.low <= b.high && b.low <= a.high }
	for _, p := range r.in.primaries {
		for _, m := range r.in.mirrors {
			if dir := filepath.Dir(p.Dir); dir == filepath.Dir(m.Dir) {
				return console.Says("Conflict between data directory and mirror data directory (%s).", dir)
			}
		}
	}
	coordinator := span{r.in.coordinator.Port, r.in.coordinator.Port}
	primaries, mirrors := ports(r.in.primaries), ports(r.in.mirrors)
	switch {
	case overlap(coordinator, primaries):
		return console.Says("COORDINATOR_PORT overlaps with PORT_BASE.")
	case overlap(coordinator, mirrors):
		return console.Says("COORDINATOR_PORT overlaps with MIRROR_PORT_BASE.")
	case overlap(primaries, mirrors):
		return console.Says("PORT_BASE AND MIRROR_PORT_BASE define overlapping ranges.")
	}
	return nil
}

func (r *run) checkLimits(ctx context.Context) error {
	out, err := r.Shell.Local(ctx, "ulimit -n")
	if err != nil {
		return err
	}
	if n, low := openFiles(out); low {
		r.Log.Print(console.Warn, "Coordinator open file limit is %s should be >= %d", n, wantedOpenFiles)
	}
	if r.opt.standby == "" {
		return nil
	}
	for _, command := range []string{"ip -4 address show", "ip -6 address show"} {
		if _, err := r.Shell.Remote(ctx, r.opt.standby, command); err != nil {
			r.Log.Note(console.Warn, "%v", err)
		}
	}
	if out, err = r.Shell.Remote(ctx, r.opt.standby, "ulimit -n"); err != nil {
		return console.Says("Unable to contact %s: %w", r.opt.standby, err)
	}
	if n, low := openFiles(out); low {
		r.Log.Print(console.Warn, "Standby Coordinator open file limit is %s should be >= %d", n, wantedOpenFiles)
	}
	return nil
}

func openFiles(out string) (string, bool) {
	out = strings.TrimSpace(out)
	n, err := strconv.Atoi(out)
	return out, err == nil && n < wantedOpenFiles
}

func (r *run) checkLocales(ctx context.Context) error {
	known, err := r.Shell.Local(ctx, "locale -a")
	if err != nil {
		return err
	}
	for _, option := range r.opt.locales() {
		name, value, _ := strings.Cut(option, "=")
		if !hasLocale(known, value) {
			return console.Says("Value %s is not a valid value for %s on this system.", value, name)
		}
	}
	return nil
}

// hasLocale finds a locale in the list of locale -a, whatever way its codeset is
// written: en_US.UTF-8 is listed as en_US.utf8.
func hasLocale(known, value string) bool {
	normal := func(s string) string { return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), "-", "") }
	for _, line := range strings.Split(known, "\n") {
		if normal(line) == normal(value) {
			return true
		}
	}
	return false
}
