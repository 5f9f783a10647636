// Package gprecoverseg recovers segments that are down, and gives pairs their
// preferred roles again.
package gprecoverseg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/mirroring"
	"gpk/test/standin/internal/utility"
)

type options struct {
	utility.Options
	full      bool
	rebalance bool
	file      string // of what to recover where
	sample    string // such a file, to be written
	hosts     string // to recover to, between commas
}

func parseOptions(env utility.Environment) (options, error) {
	var o options
	flags := utility.NewFlags(env.Name, "logdir", "coordinator-data-directory")
	flags.Parallel(16)
	flags.BoolVarP(&o.full, "full", "F", false, "copy everything")
	flags.BoolVarP(&o.rebalance, "rebalance", "r", false, "give pairs their preferred roles")
	flags.StringVarP(&o.file, "input", "i", "", "what to recover where")
	flags.StringVarP(&o.sample, "output", "o", "", "write such a file")
	flags.StringVarP(&o.hosts, "new-hosts", "p", "", "hosts to recover to")
	flags.BoolP("sequential", "s", false, "progress line by line, which it always is here")
	flags.IntP("per-host", "b", 64, "segments of a host at once, which here are all")
	flags.Bool("no-progress", false, "nothing to the stand-in")
	flags.Bool("differential", false, "a full copy to the stand-in")
	flags.Bool("hba-hostnames", false, "host names in pg_hba.conf: the stand-in writes no others")
	common, err := flags.Read(env.Args)
	o.Options = common
	if differential, _ := flags.GetBool("differential"); differential {
		o.full = true
	}
	return o, err
}

// Errors that are told in a way of their own.
var (
	errAborted = console.Says("User abort requested, Exiting...")
	errFailed  = console.Says("gprecoverseg failed. Please check the output for more details.")
)

// refusal is what the original has expected to go wrong. Its text follows the
// utility's name at once, for one kind with a colon between.
type refusal struct{ error }

type run struct {
	*utility.Utility
	opt   options
	port  int
	all   catalog.Segments
	alone map[string]bool // hosts that do not answer
	build mirroring.Builder
}

// Run is the utility. Its exit status is 0, also when there was nothing to do or
// another one is at work; 1 when a segment was not recovered, 2 when nothing
// could be done, 4 when it was told not to.
func Run(ctx context.Context, env utility.Environment) int {
	opt, err := parseOptions(env)
	u, status := env.Begin(err, opt.LogDir, opt.Quiet)
	if u == nil {
		return status
	}
	if opt.Dir, err = utility.CoordinatorDirectory(opt.Dir); err != nil {
		u.Fail(err)
		return 2
	}
	r := &run{Utility: u, opt: opt}
	unlock, holder := u.Lock(filepath.Join(opt.Dir, "gprecoverseg.lock"))
	if holder != 0 {
		return 0
	}
	defer unlock()
	u.Log.Info("Starting gprecoverseg with args: %s", env.Line())
	return r.status(r.recover(ctx))
}

func (r *run) status(err error) int {
	var expected refusal
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errAborted):
		r.Log.Info("%v", err)
		return 4
	case errors.Is(err, errFailed):
		r.Log.Print(console.Error, "%v", err)
		return 1
	case errors.As(err, &expected):
		r.Log.Print(console.Error, "gprecoverseg%v", err)
		return 2
	default:
		r.FailUnexpectedly(err)
		return 2
	}
}

func (r *run) recover(ctx context.Context) (err error) {
	r.greet()
	if r.port, err = instance.Port(r.opt.Dir); err != nil {
		return err
	}
	r.build = mirroring.Builder{Utility: r.Utility, Dir: r.opt.Dir, Port: r.port, Width: r.opt.Width, Verb: "recover", Command: "gprecoverseg -F"}
	if r.ways() > 1 {
		return refusal{console.Says(": error: Only one of -i, -p, -r and --differential may be specified")}
	}
	if err := r.gather(ctx); err != nil {
		return err
	}
	if r.opt.rebalance {
		return r.rebalance(ctx)
	}
	pairs, err := r.pairs(ctx)
	switch {
	case err != nil:
		return err
	case r.opt.sample != "":
		return r.writeSample(pairs)
	case len(pairs) == 0:
		r.Log.Info("No segments to recover")
		return nil
	}
	return r.recoverPairs(ctx, pairs)
}

func (r *run) ways() int {
	n := 0
	for _, way := range []bool{r.opt.rebalance, r.opt.file != "", r.opt.hosts != ""} {
		if way {
			n++
		}
	}
	return n
}

func (r *run) greet() {
	r.Log.Info("local Greenplum Version: '%s'", r.Release.Postgres())
	r.Log.Info("coordinator Greenplum Version: '%s", r.Release.Coordinator())
}

// gather reads the catalogue, and looks which hosts answer.
func (r *run) gather(ctx context.Context) (err error) {
	r.Log.Info("Obtaining Segment details from coordinator...")
	if r.all, err = catalog.Read(ctx, r.port); err != nil {
		return err
	}
	if !r.all.HasMirrors() {
		return refusal{console.Says(" error: GPDB Mirroring replication is not configured for this Greenplum Database instance.")}
	}
	r.alone = fleet.Unreachable(ctx, r.Shell, r.all.Data().Hosts(), r.opt.Width)
	return nil
}

func (r *run) recoverPairs(ctx context.Context, pairs []mirroring.Pair) error {
	if err := mirroring.Conflict(pairs); err != nil {
		return err
	}
	var both catalog.Segments
	for _, p := range pairs {
		both = append(both, p.Live)
	}
	for _, p := range pairs {
		both = append(both, *p.Failed)
	}
	if err := r.build.CompareChecksums(ctx, both); err != nil {
		return err
	}
	r.Log.Info("Heap checksum setting is consistent between coordinator and the segments that are candidates for recoverseg")
	r.display(pairs)
	if !r.opt.Confirmed(r.Environment, "Continue with segment recovery procedure") {
		return errAborted
	}
	r.build.LetIn(ctx, pairs)
	made, err := r.build.Build(ctx, pairs)
	if err != nil {
		return err
	}
	if !made {
		return errFailed
	}
	r.Log.Info("********************************")
	r.Log.Info("Segments successfully recovered.")
	r.Log.Info("********************************")
	r.Log.Info("Recovered mirror segments need to sync WAL with primary segments.")
	r.Log.Info("Use 'gpstate -e' to check progress of WAL sync remaining bytes")
	return nil
}

func (r *run) writeSample(pairs []mirroring.Pair) error {
	var b strings.Builder
	for _, p := range pairs {
		fmt.Fprintf(&b, "%s|%d|%s", p.Failed.Address, p.Failed.Port, p.Failed.Dir)
		if p.Moves() {
			fmt.Fprintf(&b, " %s|%d|%s", p.Mirror.Address, p.Mirror.Port, p.Mirror.Dir)
		}
		b.WriteString("\n")
	}
	if err := os.WriteFile(r.opt.sample, []byte(b.String()), 0o600); err != nil {
		return err
	}
	r.Log.Info("Configuration file output to %s successfully.", r.opt.sample)
	return nil
}
