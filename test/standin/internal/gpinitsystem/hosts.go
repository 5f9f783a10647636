package gpinitsystem

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/passthrough"
	"gpk/test/standin/internal/shell"
)

// checkHosts looks at every host of the cluster, one after another.
func (r *run) checkHosts(ctx context.Context) error {
	r.Log.Info("Checking Coordinator host")
	port := r.in.coordinator.Port
	if _, err := os.Stat(instance.LockFile(port)); err == nil || instance.PortActive(port) {
		return console.Says("Found indication of postmaster process on port %d on Coordinator host", port)
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
		return console.Says("Postgres version does not match")
	}
	parent := filepath.Dir(s.Dir)
	probe := shell.Quote(filepath.Join(parent, "tmp_file_test"))
	if _, err := r.Shell.Remote(ctx, s.Address, "touch "+probe); err != nil {
		return console.Says("Cannot write to %s on %s ", parent, s.Address)
	}
	if _, err := r.Shell.Remote(ctx, s.Address, "rm -f "+probe); err != nil {
		return err
	}
	out, err = r.Shell.Remote(ctx, s.Address, "if [ -d "+passthrough.RealBin+" ]; then echo 0; else echo 1; fi")
	if err != nil || strings.TrimSpace(out) != "0" {
		return console.Says("No %s on segment %s:%s", passthrough.RealBin, s.Address, s.Dir)
	}
	return nil
}

func (r *run) checkRemoteLocale(ctx context.Context, host string) error {
	if r.in.locale == "" {
		return nil
	}
	known, err := r.Shell.Remote(ctx, host, "locale -a")
	if err != nil {
		return console.Says("Unable to contact %s: %w", host, err)
	}
	if !hasLocale(known, r.in.locale) {
		r.Log.Print(console.Fatal, "Unable to locate locale value %s on %s", r.in.locale, host)
		return console.Says("Unable to continue")
	}
	return nil
}

func (r *run) checkRemoteOpenFiles(ctx context.Context, host string) error {
	out, err := r.Shell.Remote(ctx, host, "ulimit -n")
	if err != nil {
		return console.Says("Unable to contact %s: %w", host, err)
	}
	if n, low := openFiles(out); low {
		r.Log.Print(console.Warn, "Host %s open files limit is %s should be >= %d", host, n, wantedOpenFiles)
	}
	return nil
}

func (r *run) checkStandby(ctx context.Context) error {
	host := r.opt.standby
	if err := r.Shell.Ping(ctx, host); err != nil {
		return console.Says("Unable to contact %s: %w", host, err)
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
		return console.Says("Standby host directory %s, does not exist", parent)
	}
	return nil
}
