package gpstart

import (
	"context"
	"fmt"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
)

type result struct{ started, failed, skipped int }

// startSegments starts all segments that the catalogue does not call down. It
// is an error when a content has none.
func (r *run) startSegments(ctx context.Context) (result, error) {
	var res result
	var wanted catalog.Segments
	for _, s := range r.all.Data() {
		if s.Status == catalog.Down {
			r.Log.Print(console.Warning, "Skipping startup of segment marked down in configuration: on %s directory %s <<<<<",
				s.Hostname, s.Dir)
			res.skipped++
			continue
		}
		wanted = append(wanted, s)
	}
	kind := "segment"
	if r.all.HasMirrors() {
		kind = "primary and mirror segment"
	}
	r.Log.Info("Commencing parallel %s instance startup, please wait...", kind)
	outcomes := fleet.Each(ctx, r.Shell, wanted, r.opt.Width, func(s catalog.Segment) string {
		// One that runs, since only the coordinator was lost, is stopped before, as the original does.
		return r.Remote(instance.EndCommand(s.Dir) + "; " + instance.StartCommand(s.Dir, s.Port, instance.Execute))
	})
	r.Log.Raw(".\n")
	r.Log.Info("Process results...")
	for range wanted.Hosts() {
		r.Log.Info("")
	}
	started := map[int]bool{}
	for _, s := range wanted {
		if err := outcomes[s.DBID].Err; err != nil {
			res.failed++
			r.Log.Info("DBID:%d  FAILED  host:'%s' datadir:'%s' with reason:'%v'", s.DBID, s.Hostname, s.Dir, err)
			continue
		}
		res.started++
		started[s.Content] = true
	}
	r.report(res, len(wanted))
	for _, s := range r.all.Data() {
		if !started[s.Content] {
			return res, console.Says("Do not have enough valid segments to start the array.")
		}
	}
	return res, nil
}

func (r *run) report(res result, wanted int) {
	var t console.Table
	t.Row("Successful segment starts", fmt.Sprintf("= %d", res.started))
	t.RowOrWarn(res.failed > 0, "Failed segment starts", fmt.Sprintf("= %d", res.failed))
	t.RowOrWarn(res.skipped > 0, "Skipped segment starts (segments are marked down in configuration)",
		fmt.Sprintf("= %d", res.skipped))
	r.Log.Rule(52)
	t.Print(r.Log)
	r.Log.Rule(52)
	text := fmt.Sprintf("Successfully started %d of %d segment instances", res.started, wanted)
	if res.skipped > 0 {
		text += fmt.Sprintf(", skipped %d other segments", res.skipped)
	}
	r.Log.Info("%s ", text)
	r.Log.Rule(52)
	if res.skipped == 0 && res.failed == 0 {
		return
	}
	stars := strings.Repeat("*", 76)
	r.Log.Print(console.Warning, "%s", stars)
	r.Log.Print(console.Warning, "There are %d segment(s) marked down in the database", res.skipped)
	r.Log.Print(console.Warning, "To recover from this current state, review usage of the gprecoverseg")
	r.Log.Print(console.Warning, "management utility which will recover failed segment instance databases.")
	r.Log.Print(console.Warning, "%s", stars)
}
