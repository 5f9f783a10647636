package gpexpand

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/shell"
)

// templateFile is made in the current directory, and copied into the same
// directory of the new hosts.
const templateFile = "gpexpand_schema.tar"

// hostsOf asks the hosts for their own names, by which they are called from then
// on: another host has to know them by these.
func (r *run) hostsOf(ctx context.Context, added catalog.Segments) ([]string, error) {
	var names []string
	for _, host := range added.Hosts() {
		out, err := r.Shell.Remote(ctx, host, "hostname")
		if err != nil {
			return nil, err
		}
		if name := strings.TrimSpace(out); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// makeTemplate packs the configuration of a primary. The original packs a whole
// coordinator, to be made a segment of.
func (r *run) makeTemplate(ctx context.Context, temporary string) error {
	r.Log.Info("Creating segment template")
	if err := os.MkdirAll(temporary, 0o700); err != nil {
		return err
	}
	source, ok := r.all.Find(0, catalog.Primary)
	if !ok {
		return console.Says("no valid segdb for content=0 to use as a template")
	}
	for _, file := range []string{instance.ConfFile, instance.HBAFile, instance.StandinFile} {
		if file != instance.StandinFile { // which the original does not have
			r.Log.Info("Copying %s from existing segment into template", file)
		}
		text, err := r.Shell.Remote(ctx, source.Address, "cat "+shell.Quote(filepath.Join(source.Dir, file)))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(temporary, file), []byte(text), 0o600); err != nil {
			return err
		}
	}
	r.Log.Info("Creating schema tar file")
	_, err := r.Shell.Local(ctx, fmt.Sprintf("tar -C %s -cf %s .", shell.Quote(temporary), templateFile))
	return err
}

func (r *run) distribute(ctx context.Context, hosts []string) error {
	r.Log.Info("Distributing template tar file to new hosts")
	for _, host := range hosts {
		command := fmt.Sprintf(`rsync -v -a -e "ssh -o StrictHostKeyChecking=no" %s %s:%s`, templateFile, host, r.opt.tarDir)
		if _, err := r.Shell.Local(ctx, command); err != nil {
			return console.Says("ExecutionError: 'Error Executing Command: ' occurred. Details: '%s' %w", command, err)
		}
	}
	return nil
}

// configure makes the directories of the new primaries, and tries whether they
// start.
func (r *run) configure(ctx context.Context, added, primaries catalog.Segments, tar string) error {
	r.Log.Info("Configuring new segments (primary)")
	words := make([]string, 0, len(primaries))
	for _, p := range primaries {
		words = append(words, fmt.Sprintf("'%s': '%s:%d:true:false:%d:%d::-1:'", p.Hostname, p.Dir, p.Port, p.DBID, p.Content))
	}
	r.Log.Info("{%s}", strings.Join(words, ", "))
	locales, err := catalog.Locales(ctx, r.port)
	if err != nil {
		return err
	}
	outcomes := fleet.Each(ctx, r.Shell, primaries, r.opt.width, func(s catalog.Segment) string {
		mirror, _ := added.Find(s.Content, catalog.Mirror)
		return r.Remote(r.makeCommand(s, mirror.Address, locales, tar))
	})
	for _, s := range primaries {
		if err := outcomes[s.DBID].Err; err != nil {
			return fmt.Errorf("configure %s: %w", s, err)
		}
	}
	r.Log.Info("Starting to create new pg_hba.conf on primary segments")
	r.Log.Info("None of the reachable segments require update to pg_hba.conf")
	if err := r.startAll(ctx, primaries, "-M "); err != nil {
		return err
	}
	for _, s := range primaries {
		if _, err := r.Shell.Remote(ctx, s.Address, r.Remote(instance.StopCommand(s.Dir, "smart", 600))); err != nil {
			return err
		}
	}
	return nil
}

// makeCommand is the command line that makes a new primary's directory.
func (r *run) makeCommand(s catalog.Segment, mirror string, locales []string, tar string) string {
	coordinator, _ := r.all.Coordinator()
	standby, _ := r.all.Standby()
	hba := shell.Quote(filepath.Join(s.Dir, instance.HBAFile))
	steps := []string{
		fmt.Sprintf("mkdir -p %s", shell.Quote(filepath.Dir(s.Dir))),
		fmt.Sprintf("initdb -E UTF8 --data-checksums -D %s %s", shell.Quote(s.Dir), strings.Join(locales, " ")),
		fmt.Sprintf("tar -C %s -xf %s", shell.Quote(s.Dir), shell.Quote(tar)),
		instance.SetCommand(s.Dir, instance.Setting{Name: "port", Value: strconv.Itoa(s.Port)}),
		instance.SetCommand(s.Dir, instance.Setting{Name: "gp_contentid", Value: strconv.Itoa(s.Content)}),
		instance.SetCommand(s.Dir, instance.Setting{Name: "gp_dbid", Value: strconv.Itoa(s.DBID)}),
	}
	for _, line := range instance.PrimaryHBA(r.User, coordinator.Address, standby.Address, s.Address, mirror) {
		steps = append(steps, fmt.Sprintf("echo %s >> %s", shell.Quote(line), hba))
	}
	return "{ " + strings.Join(steps, "; } || exit 1\n{ ") + "; } || exit 1"
}

// startAll starts new primaries. The original starts them without mirroring
// first.
func (r *run) startAll(ctx context.Context, primaries catalog.Segments, special string) error {
	for _, s := range primaries {
		r.Log.Info("SegmentStart pg_ctl cmd is env GPSESSID=0000000000 GPERA=None $GPHOME/bin/pg_ctl -D %[1]s -l %[1]s/log/startup.log "+
			"-w -t 600 -o \" -c gp_role=utility %[2]s\" start", s.Dir, special)
	}
	outcomes := fleet.Each(ctx, r.Shell, primaries, r.opt.width, func(s catalog.Segment) string {
		return r.Remote(instance.StartCommand(s.Dir, s.Port, instance.Execute))
	})
	for _, s := range primaries {
		if err := outcomes[s.DBID].Err; err != nil {
			return fmt.Errorf("start %s: %w", s, err)
		}
	}
	return nil
}

// removeTemplate takes the template away, here and on other hosts.
func (r *run) removeTemplate(ctx context.Context, temporary string, hosts []string, tar string) error {
	errs := []error{os.RemoveAll(temporary), os.RemoveAll(templateFile)}
	for _, host := range hosts {
		_, err := r.Shell.Remote(ctx, host, "rm -f "+shell.Quote(tar))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
