// Package gpaddmirrors gives mirrors to a cluster that has none.
package gpaddmirrors

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/mirroring"
	"gpk/test/standin/internal/utility"
)

type run struct {
	*utility.Utility
	opt   utility.Options
	input string
	all   catalog.Segments
	build mirroring.Builder
}

// refusal is what the original has expected to go wrong.
type refusal struct{ error }

// errors that are told in a way of their own.
var (
	errAborted = console.Says("User abort requested, Exiting...")
	errFailed  = console.Says("gpaddmirrors failed. Please check the output for more details.")
)

// Run is the utility. Its exit status is 0, 1 when a mirror was not made, 2 when
// nothing could be done, 4 when it was told not to.
func Run(ctx context.Context, env utility.Environment) int {
	flags := utility.NewFlags(env.Name, "logdir", "coordinator-data-directory")
	flags.Parallel(16)
	input := flags.StringP("input", "i", "", "where the mirrors are to be")
	flags.IntP("segment-batch-size", "b", 64, "segments of a host at once, which here are all")
	flags.Bool("hba-hostnames", false, "host names in pg_hba.conf: the stand-in writes no others")
	opt, err := flags.Read(env.Args)
	u, status := env.Begin(err, opt.LogDir, opt.Quiet)
	if u == nil {
		return status
	}
	r := &run{Utility: u, opt: opt, input: *input}
	u.Log.Info("Starting gpaddmirrors with args: %s", env.Line())
	return r.status(r.add(ctx))
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
		r.Log.Print(console.Error, "gpaddmirrors error: %v", err)
	default:
		r.FailUnexpectedly(err)
	}
	return 2
}

func (r *run) add(ctx context.Context) (err error) {
	r.Log.Info("local Greenplum Version: '%s'", r.Release.Postgres())
	r.Log.Info("coordinator Greenplum Version: '%s", r.Release.Coordinator())
	if r.opt.Dir, err = utility.CoordinatorDirectory(r.opt.Dir); err != nil {
		return err
	}
	port, err := instance.Port(r.opt.Dir)
	if err != nil {
		return err
	}
	r.build = mirroring.Builder{Utility: r.Utility, Dir: r.opt.Dir, Port: port, Width: r.opt.Width, Verb: "add", Command: "gprecoverseg -F"}
	r.Log.Info("Obtaining Segment details from coordinator...")
	if r.all, err = catalog.Read(ctx, port); err != nil {
		return err
	}
	if err := r.build.CompareChecksums(ctx, r.all.Data()); err != nil {
		return err
	}
	r.Log.Info("Heap checksum setting consistent across cluster")
	if r.all.HasMirrors() {
		return refusal{console.Says("GPDB physical mirroring cannot be added.  The cluster is already configured with Mirrors.")}
	}
	pairs, err := r.pairs()
	if err != nil {
		return err
	}
	if err := mirroring.Conflict(pairs); err != nil {
		return err
	}
	r.display(pairs)
	if !r.opt.Confirmed(r.Environment, "Continue with add mirrors procedure") {
		return errAborted
	}
	return r.make(ctx, pairs)
}

func (r *run) make(ctx context.Context, pairs []mirroring.Pair) error {
	r.build.LetIn(ctx, pairs)
	made, err := r.build.Build(ctx, pairs)
	if err != nil {
		return err
	}
	if !made {
		return errFailed
	}
	stars := strings.Repeat("*", 66)
	for _, line := range []string{
		stars, "Mirror segments have been added; data synchronization is in progress.",
		"Data synchronization will continue in the background.",
		"Use  gpstate -s  to check the resynchronization progress.", stars,
	} {
		r.Log.Info("%s", line)
	}
	return nil
}

// pairs reads lines "content|address|port|directory", one for every primary.
func (r *run) pairs() ([]mirroring.Pair, error) {
	if r.input == "" {
		return nil, console.Says("the stand-in does not choose places for mirrors: give a file with -i")
	}
	data, err := os.ReadFile(r.input)
	if err != nil {
		return nil, err
	}
	var pairs []mirroring.Pair
	for i, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		parts := strings.Split(line, "|")
		if len(parts) != 4 {
			return nil, refusal{console.Says("line %d of file %s: expected 4 parts, obtained %d", i+1, r.input, len(parts))}
		}
		p, err := r.pair(parts)
		if err != nil {
			return nil, fmt.Errorf("line %d of file %s: %w", i+1, r.input, err)
		}
		pairs = append(pairs, p)
	}
	if primaries := r.all.InRole(catalog.Primary); len(pairs) != len(primaries) {
		return nil, console.Says("Wrong number of mirrors specified (specified %d mirror(s) for %d primarie(s))", len(pairs), len(primaries))
	}
	return pairs, nil
}

func (r *run) pair(parts []string) (mirroring.Pair, error) {
	content, err := strconv.Atoi(parts[0])
	if err != nil {
		return mirroring.Pair{}, err
	}
	port, err := strconv.Atoi(parts[2])
	if err != nil {
		return mirroring.Pair{}, err
	}
	live, ok := r.all.Find(content, catalog.Primary)
	if !ok {
		return mirroring.Pair{}, console.Says("Invalid content %d specified in input file", content)
	}
	return mirroring.Pair{Live: live, Full: true, Mirror: catalog.Segment{
		Content: content, Role: catalog.Mirror, PreferredRole: catalog.Mirror,
		Hostname: parts[1], Address: parts[1], Port: port, Dir: parts[3],
	}}, nil
}

func (r *run) display(pairs []mirroring.Pair) {
	const width = 44
	r.Log.Info("Greenplum Add Mirrors Parameters")
	r.Log.Rule(width)
	r.Log.Info("Greenplum coordinator data directory    = %s", r.opt.Dir)
	r.Log.Info("Greenplum coordinator port              = %d", r.build.Port)
	r.Log.Info("Batch size                              = %d", r.opt.Width)
	r.Log.Info("Segment batch size                      = 64")
	for i, p := range pairs {
		r.Log.Rule(width)
		r.Log.Info("Mirror %d of %d", i+1, len(pairs))
		r.Log.Rule(width)
		var t console.Table
		mirroring.Place(&t, "Primary", p.Live)
		mirroring.Place(&t, "Mirror", p.Mirror)
		t.Print(r.Log)
	}
	r.Log.Rule(width)
}
