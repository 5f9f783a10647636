package gpinitsystem

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/passthrough"
	"gpk/test/standin/internal/shell"
)

const wantedOpenFiles = 65535

// checkParameters judges what was asked for, before any other host is looked at
// but the standby's.
func (r *run) checkParameters(ctx context.Context) error {
	log := r.Log
	log.Info("Checking configuration parameters, please wait...")
	if os.Geteuid() == 0 {
		return errors.New("Unable to run this script as root user: root.") //nolint:staticcheck // the utility's own words, here and below
	}
	if r.opt.input == "" { // the stand-in takes no -c files
		return errors.New("At least one of two options, [-c] or [-I], is required.") //nolint:staticcheck
	}
	in, err := readInput(r.opt.input)
	if err != nil {
		return err
	}
	r.in = in
	if r.opt.locale != "" {
		r.in.locale = r.opt.locale
	}
	if len(in.mirrors) != 0 && len(in.mirrors) != len(in.primaries) {
		return errors.New("Problem with configuration file. Cannot specify different number of primary and mirror segments.") //nolint:staticcheck
	}
	if r.in.locale == "" {
		log.Info("Locale has not been set in , will set to default value")
	}
	if err := r.checkHere(ctx); err != nil {
		return err
	}
	if len(in.primaries) == 0 {
		return errors.New("Number of primary directories 0 (zero)") //nolint:staticcheck
	}
	if err := r.checkCoordinatorDirectory(); err != nil {
		return err
	}
	if in.database == "" {
		log.Info("No DATABASE_NAME set, will exit following template1 updates")
	}
	if in.trustedShell == "" {
		return errors.New("TRUSTED_SHELL variable not set")
	}
	if in.encoding == "" {
		log.Print(console.Warn, "ENCODING variable not set, will set to default UTF-8")
		r.in.encoding = "UTF-8"
	}
	if in.encoding == "SQL_ASCII" {
		return errors.New("SQL_ASCII is no longer supported as a server encoding")
	}
	if r.opt.maxConnect > 0 {
		r.in.maxConnect = r.opt.maxConnect
	}
	if r.in.maxConnect == 0 {
		log.Info("COORDINATOR_MAX_CONNECT not set, will set to default value 250")
		r.in.maxConnect = 250
	}
	if err := r.checkDirectories(); err != nil {
		return err
	}
	if err := r.checkLimits(ctx); err != nil {
		return err
	}
	if err := r.checkLocales(ctx); err != nil {
		return err
	}
	log.Info("Checking configuration parameters, Completed")
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
		return fmt.Errorf("Coordinator hostname in gpinitsystem configuration file must be %s", host) //nolint:staticcheck
	}
	r.Log.Info("Can resolve %s to this host", host)
	return nil
}

func (r *run) checkCoordinatorDirectory() error {
	dir := r.in.coordinator.Dir
	parent := filepath.Dir(dir)
	probe := filepath.Join(parent, "tmp_file_test")
	if err := os.WriteFile(probe, nil, 0o600); err != nil {
		return fmt.Errorf("Cannot write to %s on coordinator host ", parent) //nolint:staticcheck
	}
	_ = os.Remove(probe)
	if _, err := os.Stat(dir); err == nil {
		return fmt.Errorf("Coordinator host data directory %s already exists", dir) //nolint:staticcheck
	}
	return nil
}

// checkDirectories refuses mirrors beside primaries, and ports of one kind
// among those of another.
func (r *run) checkDirectories() error {
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
				return fmt.Errorf("Conflict between data directory and mirror data directory (%s).", dir) //nolint:staticcheck
			}
		}
	}
	coordinator := span{r.in.coordinator.Port, r.in.coordinator.Port}
	primaries, mirrors := ports(r.in.primaries), ports(r.in.mirrors)
	switch {
	case overlap(coordinator, primaries):
		return errors.New("COORDINATOR_PORT overlaps with PORT_BASE.") //nolint:staticcheck
	case overlap(coordinator, mirrors):
		return errors.New("COORDINATOR_PORT overlaps with MIRROR_PORT_BASE.") //nolint:staticcheck
	case overlap(primaries, mirrors):
		return errors.New("PORT_BASE AND MIRROR_PORT_BASE define overlapping ranges.") //nolint:staticcheck
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
		return fmt.Errorf("Unable to contact %s: %w", r.opt.standby, err) //nolint:staticcheck
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
			return fmt.Errorf("Value %s is not a valid value for %s on this system.", value, name) //nolint:staticcheck
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

// checkHosts looks at every host of the cluster, one after another.
func (r *run) checkHosts(ctx context.Context) error {
	r.Log.Info("Checking Coordinator host")
	port := r.in.coordinator.Port
	if _, err := os.Stat(instance.LockFile(port)); err == nil || instance.PortActive(port) {
		return fmt.Errorf("Found indication of postmaster process on port %d on Coordinator host", port) //nolint:staticcheck
	}
	r.Log.Info("Checking new segment hosts, please wait...")
	for _, segments := range []catalog.Segments{r.in.primaries, r.in.mirrors} {
		for _, s := range segments {
			if err := r.checkSegment(ctx, s); err != nil {
				return err
			}
		}
	}
	if r.opt.standby != "" {
		if err := r.checkStandby(ctx); err != nil {
			return err
		}
	}
	r.Log.Raw("\n")
	r.Log.Info("Checking new segment hosts, Completed")
	return nil
}

func (r *run) checkSegment(ctx context.Context, s catalog.Segment) error {
	if err := r.checkRemoteLocale(ctx, s.Address); err != nil {
		return err
	}
	if err := r.checkRemoteOpenFiles(ctx, s.Address); err != nil {
		return err
	}
	out, err := r.Shell.Remote(ctx, s.Address, r.Remote("postgres --gp-version"))
	if err != nil || strings.TrimSpace(out) != r.Release.Postgres() {
		r.Log.Print(console.Warn, "Postgres version does not match. [%s != %s]", r.Release.Postgres(), strings.TrimSpace(out))
		return errors.New("Postgres version does not match") //nolint:staticcheck
	}
	parent := filepath.Dir(s.Dir)
	probe := shell.Quote(filepath.Join(parent, "tmp_file_test"))
	if _, err := r.Shell.Remote(ctx, s.Address, "touch "+probe); err != nil {
		return fmt.Errorf("Cannot write to %s on %s ", parent, s.Address) //nolint:staticcheck
	}
	if _, err := r.Shell.Remote(ctx, s.Address, "rm -f "+probe); err != nil {
		return err
	}
	if out, err := r.Shell.Remote(ctx, s.Address, "if [ -d "+passthrough.RealBin+" ]; then echo 0; else echo 1; fi"); err != nil || strings.TrimSpace(out) != "0" {
		return fmt.Errorf("No %s on segment %s:%s", passthrough.RealBin, s.Address, s.Dir) //nolint:staticcheck
	}
	return nil
}

func (r *run) checkRemoteLocale(ctx context.Context, host string) error {
	if r.in.locale == "" {
		return nil
	}
	known, err := r.Shell.Remote(ctx, host, "locale -a")
	if err != nil {
		return fmt.Errorf("Unable to contact %s: %w", host, err) //nolint:staticcheck
	}
	if !hasLocale(known, r.in.locale) {
		r.Log.Print(console.Fatal, "Unable to locate locale value %s on %s", r.in.locale, host)
		return errors.New("Unable to continue") //nolint:staticcheck
	}
	return nil
}

func (r *run) checkRemoteOpenFiles(ctx context.Context, host string) error {
	out, err := r.Shell.Remote(ctx, host, "ulimit -n")
	if err != nil {
		return fmt.Errorf("Unable to contact %s: %w", host, err) //nolint:staticcheck
	}
	if n, low := openFiles(out); low {
		r.Log.Print(console.Warn, "Host %s open files limit is %s should be >= %d", host, n, wantedOpenFiles)
	}
	return nil
}

func (r *run) checkStandby(ctx context.Context) error {
	host := r.opt.standby
	if err := r.Shell.Ping(ctx, host); err != nil {
		return fmt.Errorf("Unable to contact %s: %w", host, err) //nolint:staticcheck
	}
	if err := r.checkRemoteLocale(ctx, host); err != nil {
		return err
	}
	if err := r.checkRemoteOpenFiles(ctx, host); err != nil {
		return err
	}
	parent := filepath.Dir(r.in.coordinator.Dir)
	out, err := r.Shell.Remote(ctx, host, "if [ -d "+shell.Quote(parent)+" ]; then echo 0; else echo 1; fi")
	if err != nil || strings.TrimSpace(out) != "0" {
		return fmt.Errorf("Standby host directory %s, does not exist", parent) //nolint:staticcheck
	}
	return nil
}
