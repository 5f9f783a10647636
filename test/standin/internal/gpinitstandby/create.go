package gpinitstandby

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
	"gpk/test/standin/internal/shell"
)

const hbaBackup = "pg_hba.conf.gpinitstandby.bak"

func quoted(path string) string { return shell.Quote(path) }

func (r *run) create(ctx context.Context) error {
	coordinator, ok := r.all.Coordinator()
	if !ok {
		return errors.New("the catalogue has no coordinator")
	}
	r.dir = coordinator.Dir
	standby := catalog.Segment{
		Content: -1, Role: catalog.Mirror, PreferredRole: catalog.Mirror, Mode: catalog.InSync, Status: catalog.Up,
		Hostname: r.opt.host, Address: r.opt.host, Port: r.opt.port, Dir: r.opt.dir,
	}
	if standby.Port == 0 {
		standby.Port = coordinator.Port
	}
	if standby.Dir == "" {
		standby.Dir = coordinator.Dir
	}
	if err := r.validate(ctx, coordinator, standby); err != nil {
		r.Log.Print(console.Error, "Failed to create standby")
		return err
	}
	r.summary(standby)
	r.syncPackages(ctx)
	undo, err := r.build(ctx, coordinator, standby)
	if err != nil {
		r.Log.Print(console.Error, "Failed to create standby")
		r.Log.Print(console.Warning, "Trying to rollback changes that have been made...")
		for i := len(undo) - 1; i >= 0; i-- {
			undo[i]()
		}
		return err
	}
	r.Log.Info("Successfully created standby coordinator on %s", standby.Hostname)
	return nil
}

func (r *run) validate(ctx context.Context, coordinator, standby catalog.Segment) error {
	r.Log.Info("Validating environment and parameters for standby initialization...")
	if _, there := r.all.Standby(); there {
		r.Log.Print(console.Error, "Standby coordinator already configured")
		r.Log.Info("If you want to start the stopped standby coordinator, use the -n option")
		return errors.New("standby coordinator already configured")
	}
	parent := filepath.Dir(standby.Dir)
	exists := func(path string) (bool, error) {
		out, err := r.Shell.Remote(ctx, standby.Address, fmt.Sprintf("if [ -d %s ]; then echo yes; else echo no; fi", quoted(path)))
		return strings.TrimSpace(out) == "yes", err
	}
	there, err := exists(parent)
	if err != nil {
		return err
	}
	if !there {
		r.Log.Print(console.Error, "Parent directory %s does not exist on host %s", parent, standby.Hostname)
		r.Log.Print(console.Error, "This directory must be created before running gpactivatestandby")
		return console.Says("Parent directory %s does not exist", parent)
	}
	r.Log.Info("Checking for data directory %s on %s", standby.Dir, standby.Hostname)
	if there, err = exists(standby.Dir); err != nil {
		return err
	}
	if there {
		r.Log.Print(console.Error, "Data directory already exists on host %s", standby.Hostname)
		return errors.New("coordinator data directory exists")
	}
	if standby.Hostname == coordinator.Hostname && standby.Port == coordinator.Port {
		return errors.New("cannot create standby on the same host and port")
	}
	return nil
}

func (r *run) summary(standby catalog.Segment) {
	c, _ := r.all.Coordinator()
	title := "Greenplum standby coordinator initialization parameters"
	if r.opt.remove {
		title = "Warm coordinator standby removal parameters"
	}
	r.Log.Rule(53)
	r.Log.Info("%s", title)
	r.Log.Rule(53)
	lines := [][2]string{
		{"Greenplum coordinator hostname              ", c.Hostname},
		{"Greenplum coordinator data directory        ", c.Dir},
		{"Greenplum coordinator port                  ", strconv.Itoa(c.Port)},
		{"Greenplum standby coordinator hostname      ", standby.Hostname},
		{"Greenplum standby coordinator port          ", strconv.Itoa(standby.Port)},
		{"Greenplum standby coordinator data directory", standby.Dir},
	}
	if !r.opt.remove {
		lines = append(lines, [2]string{"Greenplum update system catalog        ", "On"})
	}
	for _, line := range lines {
		r.Log.Info("%s = %s", line[0], line[1])
	}
}

// syncPackages looks at the standby's packages. The stand-in has none, so they
// are consistent.
func (r *run) syncPackages(ctx context.Context) {
	r.Log.Info("Syncing Greenplum Database extensions to standby")
	if _, err := r.Shell.Remote(ctx, r.opt.host, "ls "+quoted(r.Home)); err != nil {
		r.Log.Print(console.Warning, "Syncing of Greenplum Database extensions has failed.")
		return
	}
	r.Log.Info("The packages on %s are consistent.", r.opt.host)
}

// build makes the standby, and gives what would undo what it did.
func (r *run) build(ctx context.Context, coordinator, standby catalog.Segment) (undo []func(), err error) {
	r.Log.Info("Adding standby coordinator to catalog...")
	if err := r.change(ctx, func(s *catalog.Store) (err error) {
		standby.DBID, err = s.AddNext(ctx, standby)
		return err
	}); err != nil {
		return nil, err
	}
	undo = append(undo, func() {
		r.Log.Info("Rolling back catalog change...")
		if err := r.change(ctx, func(s *catalog.Store) error { return s.Remove(ctx, standby.DBID) }); err != nil {
			r.Log.Print(console.Error, "Failed to rollback catalog change: %v", err)
		}
	})
	r.Log.Info("Database catalog updated successfully.")

	r.Log.Info("Updating pg_hba.conf file...")
	if err := r.updateHBA(ctx, coordinator); err != nil {
		return undo, err
	}
	undo = append(undo, func() {
		r.Log.Info("Restoring pg_hba.conf file...")
		_ = os.Rename(filepath.Join(r.dir, hbaBackup), filepath.Join(r.dir, instance.HBAFile))
	})
	r.Log.Info("Starting to create new pg_hba.conf on primary segments")
	r.updateSegmentsHBA(ctx, standby)
	r.Log.Info("Successfully modified pg_hba.conf on primary segments to allow standby connection")
	r.Log.Info("pg_hba.conf files updated successfully.")

	r.dropSlot(ctx)
	undo = append(undo, func() {
		command := instance.StopCommand(standby.Dir, "immediate", 30) + "; rm -rf " + quoted(standby.Dir)
		_, _ = r.Shell.Remote(ctx, standby.Address, r.Remote(command))
	})
	for _, command := range []string{
		instance.BackupCommand(standby.Dir, r.User, coordinator.Address, coordinator.Port),
		instance.SetCommand(standby.Dir, instance.Setting{Name: "port", Value: strconv.Itoa(standby.Port)}),
		instance.SetCommand(standby.Dir, instance.Setting{Name: "gp_dbid", Value: strconv.Itoa(standby.DBID)}),
	} {
		if _, err := r.Shell.Remote(ctx, standby.Address, r.Remote(command)); err != nil {
			return undo, fmt.Errorf("copy the coordinator to %s: %w", standby.Hostname, err)
		}
	}
	if err := r.startStandby(ctx, standby); err != nil {
		return undo, err
	}
	r.Log.Info("Cleaning up pg_hba.conf backup files...")
	_ = os.Remove(filepath.Join(r.dir, hbaBackup))
	_, _ = r.Shell.Remote(ctx, standby.Address, "rm -f "+quoted(filepath.Join(standby.Dir, hbaBackup)))
	r.Log.Info("Backup files of pg_hba.conf cleaned up successfully.")
	return undo, nil
}

// updateHBA lets the standby in, by a section before the coordinator's own
// lines.
func (r *run) updateHBA(ctx context.Context, coordinator catalog.Segment) error {
	path := filepath.Join(coordinator.Dir, instance.HBAFile)
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	//nolint:gosec // the data directory is the user's own
	if err := os.WriteFile(filepath.Join(coordinator.Dir, hbaBackup), data, 0o600); err != nil {
		return err
	}
	text := withSection(string(data), "# standby coordinator host ip addresses", instance.StandbyHBA(r.User, r.opt.host))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil { //nolint:gosec // likewise
		return err
	}
	_, err = r.Shell.Local(ctx, r.Remote(instance.ReloadCommand(coordinator.Dir)))
	return err
}

// withSection puts those lines that a file has not yet where its leading
// comments end.
func withSection(text, title string, section []string) string {
	lines := strings.Split(text, "\n")
	has := map[string]bool{}
	for _, l := range lines {
		has[l] = true
	}
	first := 0
	for first < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[first]), "#") {
		first++
	}
	out := append([]string{}, lines[:first]...)
	out = append(out, title)
	for _, l := range section {
		if !has[l] {
			out = append(out, l)
		}
	}
	return strings.Join(append(out, lines[first:]...), "\n")
}

// updateSegmentsHBA lets the standby into every segment, one after another. A
// segment that is down learns it when it is recovered.
func (r *run) updateSegmentsHBA(ctx context.Context, standby catalog.Segment) {
	line := instance.StandbyHBA(r.User, standby.Address)[0]
	for _, s := range r.all.Data() {
		if s.Status == catalog.Down {
			continue
		}
		hba := quoted(filepath.Join(s.Dir, instance.HBAFile))
		command := fmt.Sprintf("grep -qxF %[1]s %[2]s || echo %[1]s >> %[2]s; %[3]s", quoted(line), hba, instance.ReloadCommand(s.Dir))
		if _, err := r.Shell.Remote(ctx, s.Address, r.Remote(command)); err != nil {
			r.Log.Print(console.Warning, "could not let the standby into %s: %v", s, err)
		}
	}
}

func (r *run) startStandby(ctx context.Context, standby catalog.Segment) error {
	r.Log.Info("Starting standby coordinator")
	r.Log.Info("Checking if standby coordinator is running on host: %s  in directory: %s", standby.Hostname, standby.Dir)
	r.Log.Info("%s", instance.Announcement("None", standby.Dir, instance.Dispatch, false))
	start := instance.StartCommand(standby.Dir, standby.Port, instance.Dispatch)
	if _, err := r.Shell.Remote(ctx, standby.Address, r.Remote(start)); err != nil {
		return fmt.Errorf("failed to start standby: %w", err)
	}
	return nil
}
