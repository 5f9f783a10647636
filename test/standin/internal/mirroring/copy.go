package mirroring

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/shell"
)

// skipped is shown for a mirror that only has to be started.
const skipped = "skipping pg_rewind on mirror as standby.signal is present"

// copyAll fills and starts the mirrors, all at once, and gives the pairs that
// failed. Meanwhile it shows how far they are, once a second.
func (b Builder) copyAll(ctx context.Context, pairs []Pair) (failed []Pair) {
	stamp := time.Now().Format("20060102_150405")
	byDBID := map[int]Pair{}
	var mirrors catalog.Segments
	for _, p := range pairs {
		byDBID[p.Mirror.DBID] = p
		mirrors = append(mirrors, p.Mirror)
	}
	progress := func(s catalog.Segment) string {
		return fmt.Sprintf("$HOME/gpAdminLogs/%s.%s.dbid%d.out", tool(byDBID[s.DBID]), stamp, s.DBID)
	}
	done := make(chan map[int]fleet.Outcome)
	go func() {
		done <- fleet.Each(ctx, b.Shell, mirrors, b.Width, func(s catalog.Segment) string {
			return b.Remote(b.copyCommand(byDBID[s.DBID], progress(s)))
		})
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case outcomes := <-done:
			b.show(ctx, mirrors, progress)
			var made catalog.Segments
			for _, s := range mirrors {
				if err := outcomes[s.DBID].Err; err != nil {
					failed = append(failed, byDBID[s.DBID])
				} else {
					made = append(made, s)
				}
			}
			fleet.Each(ctx, b.Shell, made, b.Width, func(s catalog.Segment) string { return "rm -f " + progress(s) })
			b.explain(failed, progress)
			return failed
		case <-tick.C:
			b.show(ctx, mirrors, progress)
		}
	}
}

func tool(p Pair) string {
	if p.Full {
		return "pg_basebackup"
	}
	return "pg_rewind"
}

// copyCommand is the command line that fills a mirror's directory, makes it
// follow its primary and starts it. What the copying says goes into a file.
func (b Builder) copyCommand(p Pair, progress string) string {
	dir := shell.Quote(p.Mirror.Dir)
	fill := fmt.Sprintf("mkdir -p -m 700 %[1]s && chmod 700 %[1]s && find %[1]s -mindepth 1 -delete && "+
		"pg_basebackup --wal-method=stream --slot=%[2]s -c fast --progress --verbose -D %[1]s -h %[3]s -p %[4]d",
		dir, instance.Slot, p.Live.Address, p.Live.Port)
	if !p.Full {
		fill = fmt.Sprintf("if [ ! -f %[1]s/%[2]s ]; then pg_rewind --progress -D %[1]s --source-server='host=%[3]s port=%[4]d user=%[5]s dbname=postgres'; fi",
			dir, instance.StandbySignal, p.Live.Address, p.Live.Port, b.User)
	}
	steps := []string{
		"mkdir -p $HOME/gpAdminLogs",
		fmt.Sprintf("{ %s; } >%s 2>&1", fill, progress),
		fmt.Sprintf("rm -rf %s", shell.Quote(filepath.Join(p.Mirror.Dir, "pg_replslot"))+"/*"),
		instance.FollowCommand(p.Mirror.Dir, b.User, p.Live.Address, p.Live.Port),
		instance.SetCommand(p.Mirror.Dir, instance.Setting{Name: "port", Value: strconv.Itoa(p.Mirror.Port)}),
		instance.SetCommand(p.Mirror.Dir, instance.Setting{Name: "gp_dbid", Value: strconv.Itoa(p.Mirror.DBID)}),
		instance.StartCommand(p.Mirror.Dir, p.Mirror.Port, instance.Execute),
	}
	return "{ " + strings.Join(steps, "; } || exit 1\n{ ") + "; } || exit 1"
}

// show prints the last line that every copying has said.
func (b Builder) show(ctx context.Context, mirrors catalog.Segments, progress func(catalog.Segment) string) {
	outcomes := fleet.Each(ctx, b.Shell, mirrors, b.Width, func(s catalog.Segment) string {
		return fmt.Sprintf("tail -1 %s 2>/dev/null | tr '\\r' '\\n' | tail -1", progress(s))
	})
	for _, s := range mirrors {
		text := outcomes[s.DBID].Output
		if text == "" {
			text = skipped
		}
		b.Log.Raw(fmt.Sprintf("%s (dbid %d): %s\n", s.Hostname, s.DBID, text))
	}
}

// explain tells of every mirror that was not made where to read why.
func (b Builder) explain(failed []Pair, progress func(catalog.Segment) string) {
	for _, full := range []bool{false, true} {
		first := true
		for _, p := range failed {
			if p.Full != full {
				continue
			}
			if first {
				b.Log.Rule(58)
				if full {
					b.Log.Info("Failed to %s the following segments. You must run %s for all basebackup failures", b.Verb, b.Command)
				} else {
					b.Log.Info("Failed to %s the following segments. You must run either gprecoverseg --differential "+
						"or gprecoverseg -F for all incremental failures", b.Verb)
				}
				first = false
			}
			kind := map[bool]string{false: "incremental", true: "full"}[full]
			file := strings.Replace(progress(p.Mirror), "$HOME", "/home/"+b.User, 1)
			b.Log.Info(" hostname: %s; port: %d; logfile: %s; recoverytype: %s", p.Mirror.Hostname, p.Mirror.Port, file, kind)
		}
	}
}
