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
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/lookup"
)

type setting = instance.Setting

func (r *run) readAdditions() error {
	add, err := instance.Additions(r.opt.additions)
	r.add = add
	return err
}

// settings are those of any new instance, the additions last.
func (r *run) settings(s catalog.Segment) []setting {
	own := []setting{{Name: "port", Value: strconv.Itoa(s.Port)}, {Name: "listen_addresses", Value: "'*'"}}
	if s.Content == -1 {
		own = append(own, setting{Name: "log_statement", Value: "all"})
	}
	own = append(own,
		setting{Name: "gp_contentid", Value: strconv.Itoa(s.Content)},
		setting{Name: "gp_dbid", Value: strconv.Itoa(s.DBID)})
	return append(own, r.add...)
}

// commonLines is a command line that appends what every instance has, at once:
// in Greenplum these are built in, so no host is asked for each.
func commonLines(dir string) string {
	var b strings.Builder
	for _, s := range instance.Common() {
		fmt.Fprintf(&b, "%s=%s\n", s.Name, s.Value)
	}
	return fmt.Sprintf("printf '%%s' %s >> %s", quoted(b.String()), quoted(filepath.Join(dir, instance.ConfFile)))
}

func (r *run) initdb(s catalog.Segment, maxConnect int, locales []string) string {
	words := []string{"initdb", "-E", r.in.encoding, "-D", quoted(s.Dir)}
	words = append(words, locales...)
	words = append(words, fmt.Sprintf("--max_connections=%d", maxConnect), "--shared_buffers="+r.opt.buffers)
	if r.in.checksums {
		words = append(words, "--data-checksums")
	}
	return strings.Join(words, " ")
}

func (r *run) buildCoordinator(ctx context.Context) error {
	c := r.in.coordinator
	r.Log.Info("Building the Coordinator instance database, please wait...")
	if _, err := r.local(ctx, r.initdb(c, r.in.maxConnect, r.opt.locales())); err != nil {
		return console.Says("Command initdb failed, see log file %s for more detail: %w", r.Log.Path(), err)
	}
	r.backoutCommand(fmt.Sprintf("if [ -d %[1]s ]; then rm -Rf %[1]s; fi", quoted(c.Dir)))
	r.backoutCommand("echo Removing Coordinator data directory files")
	if _, err := r.local(ctx, commonLines(c.Dir)); err != nil {
		return err
	}
	for _, s := range r.settings(c) {
		if _, err := r.local(ctx, instance.SetCommand(c.Dir, s)); err != nil {
			return fmt.Errorf("set %s in %s: %w", s.Name, instance.ConfFile, err)
		}
	}
	if err := r.writeCoordinatorHBA(); err != nil {
		return err
	}
	r.Log.Info("Starting the Coordinator in admin mode")
	if _, err := r.local(ctx, instance.StartCommand(c.Dir, c.Port, instance.Utility)); err != nil {
		return console.Says("Failed to start the Coordinator database in admin mode: %w", err)
	}
	r.backoutCommand(fmt.Sprintf("if [ -d %[1]s ]; then pg_ctl -D %[1]s stop; fi", quoted(c.Dir)))
	r.backoutCommand(`echo "Stopping Coordinator instance"`)
	if err := r.Shell.Ping(ctx, c.Address); err != nil {
		return console.Says("Could not establish connection to hostname %s. Please check your configuration.", c.Hostname)
	}
	if err := catalog.Install(ctx, c.Port); err != nil {
		return err
	}
	return r.fillCatalogue(ctx)
}

func (r *run) local(ctx context.Context, command string) (string, error) {
	return r.Shell.Local(ctx, r.Remote(command))
}

func (r *run) writeCoordinatorHBA() error {
	c := r.in.coordinator
	path := filepath.Join(c.Dir, instance.HBAFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var lines []string
	for _, line := range strings.Split(string(data), "\n") {
		if strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	lines = append(lines, instance.CoordinatorHBA(r.User, r.inHBA(c.Address), r.inHBA(r.opt.standby))...)
	//nolint:gosec // the data directory is the user's own
	return os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// inHBA is how pg_hba.conf knows a host: by its name, or by the address that it has now.
func (r *run) inHBA(host string) string {
	if r.in.hbaHostnames || host == "" {
		return host
	}
	addresses, err := lookup.Host(context.Background(), host)
	if err != nil || len(addresses) == 0 {
		return host
	}
	if strings.Contains(addresses[0], ":") {
		return addresses[0] + "/128"
	}
	return addresses[0] + "/32"
}

// fillCatalogue enters the coordinator and the primaries. Mirrors are entered
// when they are built.
func (r *run) fillCatalogue(ctx context.Context) error {
	store, err := catalog.Open(ctx, r.in.coordinator.Port)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := store.Add(ctx, r.in.coordinator); err != nil {
		return fmt.Errorf("add %s to gp_segment_configuration: %w", r.in.coordinator, err)
	}
	for _, p := range r.in.primaries {
		if err := r.Shell.Ping(ctx, p.Address); err != nil {
			return console.Says("Could not establish connection to hostname %s. Please check your configuration.", p.Hostname)
		}
		if err := store.Add(ctx, p); err != nil {
			return fmt.Errorf("add %s to gp_segment_configuration: %w", p, err)
		}
	}
	return nil
}
