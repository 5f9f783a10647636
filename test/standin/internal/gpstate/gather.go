package gpstate

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/shell"
)

// segmentState is what a segment's host says.
type segmentState struct {
	reached  bool
	pidFile  bool
	pid      int
	process  bool // of that pid
	lockFile bool
	answers  bool
}

// replication is what a primary says of its mirror.
type replication struct {
	queried   bool
	connected bool
	state     string
	current   string
	sent      string
	flushed   string
	replayed  string
	toSend    int64
	toFlush   int64
	toReplay  int64
}

// ask is a command line whose output is words in the order of segmentState.
func ask(s catalog.Segment) string {
	return fmt.Sprintf(`file=no; pid=0; process=no; lock=no
		[ -f %[1]s/postmaster.pid ] && file=yes && pid=$(head -1 %[1]s/postmaster.pid)
		[ "$pid" -gt 0 ] && kill -0 "$pid" 2>/dev/null && process=yes
		[ -f %[2]s ] && lock=yes
		pg_isready -q -h localhost -p %[3]d; echo $file $pid $process $lock $?`,
		shell.Quote(s.Dir), instance.LockFile(s.Port), s.Port)
}

// gather asks every host, and every primary about its mirror.
func (r *run) gather(ctx context.Context) {
	r.Log.Info("Gathering data from segments...")
	r.state = map[int]segmentState{}
	outcomes := fleet.Each(ctx, r.Shell, r.all, 16, func(s catalog.Segment) string { return r.Remote(ask(s)) })
	for _, s := range r.all {
		r.state[s.DBID] = parseState(outcomes[s.DBID])
	}
	r.Log.Raw(".\n")
	r.pairs = map[int]replication{}
	for _, p := range r.all.InRole(catalog.Primary) {
		if _, ok := r.all.Find(p.Content, catalog.Mirror); !ok {
			continue
		}
		rep := queryReplication(ctx, p)
		r.pairs[p.Content] = rep
		switch {
		case !rep.queried:
			r.couldNotQuery(p)
		case !rep.connected:
			r.Log.Print(console.Warning, "pg_stat_replication shows no standby connections")
		}
	}
}

func (r *run) couldNotQuery(p catalog.Segment) {
	r.Log.Print(console.Warning, "could not query segment %d (%s:%d)", p.DBID, p.Hostname, p.Port)
}

func parseState(o fleet.Outcome) segmentState {
	var file, process, lock string
	var s segmentState
	var ready int
	if _, err := fmt.Sscan(o.Output, &file, &s.pid, &process, &lock, &ready); err != nil {
		return segmentState{}
	}
	s.reached, s.pidFile, s.process, s.lockFile = true, file == "yes", process == "yes", lock == "yes"
	s.answers = ready == 0 || ready == 64 // 64 is a mirror that follows
	return s
}

func queryReplication(ctx context.Context, p catalog.Segment) replication {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := catalog.Remote(ctx, p)
	if err != nil {
		return replication{}
	}
	defer func() { _ = conn.Close(ctx) }()
	return readReplication(ctx, conn)
}

func readReplication(ctx context.Context, conn *pgx.Conn) replication {
	var rep replication
	rows, err := conn.Query(ctx, `select pid is not null, coalesce(state, ''), lsn::text, coalesce(sent_lsn::text, ''),
		coalesce(flush_lsn::text, ''), coalesce(replay_lsn::text, ''), coalesce(lsn - sent_lsn, 0)::bigint,
		coalesce(sent_lsn - flush_lsn, 0)::bigint, coalesce(flush_lsn - replay_lsn, 0)::bigint
		from pg_current_wal_lsn() lsn left join pg_stat_replication on application_name = $1`, instance.WalReceiver)
	if err != nil {
		return rep
	}
	into := []any{&rep.connected, &rep.state, &rep.current, &rep.sent, &rep.flushed, &rep.replayed, &rep.toSend, &rep.toFlush, &rep.toReplay}
	_, err = pgx.ForEachRow(rows, into, func() error { return nil })
	rep.queried = err == nil
	return rep
}

// label is a state as the report shows it.
func label(state string) string {
	if state == "" {
		return state
	}
	return strings.ToUpper(state[:1]) + state[1:]
}

// databaseStatus says how a segment is, and whether that is bad.
func (r *run) databaseStatus(s catalog.Segment) (string, bool) {
	st := r.state[s.DBID]
	switch {
	case s.Status == catalog.Down:
		return "Down in configuration", true
	case !st.reached:
		return "Unknown -- unable to load segment status", true
	case !st.process || !st.answers:
		return "Process error -- database process may be down", true
	default:
		return "Up", false
	}
}

// unavailable tells whether some content has no segment that is well.
func (r *run) unavailable() bool {
	up := map[int]bool{}
	for _, s := range r.all.Data() {
		_, bad := r.databaseStatus(s)
		// A mirror alone serves nobody unless it can take over.
		if !bad && (s.Role == catalog.Primary || s.Mode == catalog.InSync) {
			up[s.Content] = true
		}
	}
	for _, s := range r.all.Data() {
		if !up[s.Content] {
			return true
		}
	}
	return false
}

func (r *run) warnUnavailable() {
	if !r.unavailable() {
		return
	}
	stars := strings.Repeat("*", 53)
	r.Log.Print(console.Warning, "%s", stars)
	r.Log.Print(console.Warning, "DATABASE IS PROBABLY UNAVAILABLE")
	r.Log.Print(console.Warning, "Review Instance Status in log file or screen output for more information")
	r.Log.Print(console.Warning, "%s", stars)
}
