package gpstop

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
)

// stopSegments stops primaries, then mirrors, and tells whether any failed.
func (r *run) stopSegments(ctx context.Context) bool {
	data := r.all.Data()
	dbids := make([]string, 0, len(data))
	for _, s := range data {
		dbids = append(dbids, fmt.Sprint(s.DBID))
	}
	r.Log.Info("Targeting dbid [%s] for shutdown", strings.Join(dbids, ", "))
	outcomes := map[int]fleet.Outcome{}
	if r.all.HasMirrors() {
		maps.Copy(outcomes, r.stopKind(ctx, "primary segment", r.all.InRole(catalog.Primary)))
		maps.Copy(outcomes, r.stopKind(ctx, "mirror segment", r.all.InRole(catalog.Mirror)))
	} else {
		maps.Copy(outcomes, r.stopKind(ctx, "segment", data))
	}
	return r.report(data, outcomes)
}

func (r *run) stopKind(ctx context.Context, kind string, segments catalog.Segments) map[int]fleet.Outcome {
	r.Log.Info("Commencing parallel %s instance shutdown, please wait...", kind)
	r.Log.Info("0.00%% of jobs completed")
	outcomes := fleet.Each(ctx, r.Shell, segments, r.opt.Width, func(s catalog.Segment) string {
		return r.Remote(instance.StopCommand(s.Dir, replicaMode(r.opt.mode), r.opt.timeout))
	})
	r.Log.Info("100.00%% of jobs completed")
	return outcomes
}

func (r *run) report(data catalog.Segments, outcomes map[int]fleet.Outcome) bool {
	stopped, down := 0, 0
	var failed catalog.Segments
	for _, s := range data {
		if s.Status == catalog.Down {
			down++
		}
		if outcomes[s.DBID].Err != nil {
			failed = append(failed, s)
		} else {
			stopped++
		}
	}
	var t console.Table
	t.Row("Segments stopped successfully", fmt.Sprintf("= %d", stopped))
	t.RowOrWarn(len(failed) > 0, "Segments with errors during stop", fmt.Sprintf("= %d", len(failed)))
	if down > 0 {
		t.Row("")
		t.WarnRow("Segments that are currently marked down in configuration", fmt.Sprintf("= %d", down))
		t.Row("         (stop was still attempted on these segments)")
	}
	r.Log.Rule(52)
	t.Print(r.Log)
	r.Log.Rule(52)
	r.Log.Info("Successfully shutdown %d of %d segment instances ", stopped, len(data))
	if len(failed) == 0 {
		r.Log.Info("Database successfully shutdown with no errors reported")
		return false
	}
	for _, s := range failed {
		r.Log.Info("DBID:%d  FAILED  host:'%s' datadir:'%s' with reason:'%v'", s.DBID, s.Hostname, s.Dir, outcomes[s.DBID].Err)
	}
	r.Log.Print(console.Warning, "Some segments did not stop: look at them by hand")
	return true
}

// reload makes every instance read its files anew, and tells whether any
// failed.
func (r *run) reload(ctx context.Context) bool {
	r.Log.Info("Signalling all postmaster processes to reload")
	outcomes := fleet.Each(ctx, r.Shell, r.all, r.opt.Width, func(s catalog.Segment) string {
		if s.Status == catalog.Down {
			return "true"
		}
		return r.Remote(instance.ReloadCommand(s.Dir))
	})
	failed := 0
	for _, s := range r.all {
		if err := outcomes[s.DBID].Err; err != nil {
			failed++
			r.Log.Print(console.Error, "reload of %s: %v", s, err)
		}
	}
	return failed > 0
}
