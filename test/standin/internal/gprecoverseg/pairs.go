package gprecoverseg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/mirroring"
)

// request is a segment to recover, and where to if not in its place.
type request struct {
	failed catalog.Segment
	to     *catalog.Segment
}

// pairs tells what is to be recovered, from what and where to.
func (r *run) pairs(ctx context.Context) ([]mirroring.Pair, error) {
	requests, err := r.requests(ctx)
	if err != nil {
		return nil, err
	}
	busy, err := r.busy(ctx)
	if err != nil {
		return nil, err
	}
	var pairs []mirroring.Pair
	var skipped []int
	for _, q := range requests {
		if slices.Contains(busy, q.failed.Content) {
			skipped = append(skipped, q.failed.Content)
			continue
		}
		if q.to == nil && r.alone[q.failed.Address] {
			continue
		}
		p, err := r.pair(q)
		if err != nil {
			return nil, refusal{err}
		}
		pairs = append(pairs, p)
	}
	if len(skipped) > 0 {
		r.Log.Print(console.Warning, "Found pg_basebackup running for segments with contentIds %s, skipping recovery of these segments", list(skipped))
	}
	return pairs, nil
}

func (r *run) pair(q request) (mirroring.Pair, error) {
	live, ok := r.all.Peer(q.failed)
	switch {
	case !ok:
		return mirroring.Pair{}, console.Says(" error: No peer found for dbid %d. liveSegment is None", q.failed.DBID)
	case live.Role != catalog.Primary:
		return mirroring.Pair{}, console.Says(" error: Segment to recover from for content %d is not a primary", live.Content)
	case live.Status != catalog.Up:
		return mirroring.Pair{}, console.Says(" error: Primary segment is not up for content %d", live.Content)
	case r.alone[live.Address]:
		return mirroring.Pair{}, console.Says(" error: The recovery source segment %s (content %d) is unreachable.", live.Hostname, live.Content)
	}
	p := mirroring.Pair{Live: live, Mirror: q.failed, Failed: &q.failed, Full: r.opt.full}
	if q.to != nil {
		p.Mirror.Hostname, p.Mirror.Address, p.Mirror.Port, p.Mirror.Dir = q.to.Hostname, q.to.Address, q.to.Port, q.to.Dir
		p.Full = true
	}
	return p, nil
}

// busy gives the contents whose primary is being copied. It asks all primaries,
// and so fails when one has nobody in its place.
func (r *run) busy(ctx context.Context) ([]int, error) {
	store, err := catalog.Open(ctx, r.port)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	rows, err := store.Query(ctx, "select gp_segment_id from gp_stat_replication where application_name = 'pg_basebackup'")
	if err == nil {
		var contents []int
		if contents, err = pgx.CollectRows(rows, pgx.RowTo[int]); err == nil {
			return contents, nil
		}
	}
	text := err.Error()
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		text = fmt.Sprintf("ERROR:  %s\nDETAIL:  %s\n%s\n", pg.Message, pg.Detail, pg.Hint)
	}
	return nil, console.Says("Failed to query gp_stat_replication: %s", text)
}

// requests are what the options ask for: all that is down, the lines of a file,
// or all that is down on other hosts.
func (r *run) requests(ctx context.Context) ([]request, error) {
	if r.opt.file != "" {
		return r.fileRequests(ctx)
	}
	var out []request
	for _, s := range r.all.Data() {
		if s.Status == catalog.Down {
			out = append(out, request{failed: s})
		}
	}
	if r.opt.hosts == "" {
		return out, nil
	}
	return r.onNewHosts(ctx, out)
}

// onNewHosts gives every host with failed segments another one, on its old port
// or the next that is free.
func (r *run) onNewHosts(ctx context.Context, requests []request) ([]request, error) {
	var old []string
	for _, q := range requests {
		if !slices.Contains(old, q.failed.Hostname) {
			old = append(old, q.failed.Hostname)
		}
	}
	slices.Sort(old)
	hosts := strings.Split(r.opt.hosts, ",")
	if len(hosts) < len(old) {
		return nil, console.Says("Not enough new recovery hosts given for recovery.")
	}
	if gone := fleet.Unreachable(ctx, r.Shell, hosts[:len(old)], r.opt.Width); len(gone) > 0 {
		return nil, refusal{console.Says(" error: Cannot recover. The following recovery target hosts are unreachable: %s", list(hosts))}
	}
	lowest := 0
	taken := map[string]bool{}
	for _, s := range r.all {
		taken[fmt.Sprint(s.Hostname, ":", s.Port)] = true
		if s.Content >= 0 && (lowest == 0 || s.Port < lowest) {
			lowest = s.Port
		}
	}
	for i := range requests {
		to := requests[i].failed
		to.Hostname = hosts[slices.Index(old, to.Hostname)]
		to.Address, to.Port = to.Hostname, lowest
		for taken[fmt.Sprint(to.Hostname, ":", to.Port)] {
			to.Port++
		}
		taken[fmt.Sprint(to.Hostname, ":", to.Port)] = true
		requests[i].to = &to
	}
	return requests, nil
}

// fileRequests reads lines "address|port|directory", which may be followed by
// the same of the new place.
func (r *run) fileRequests(ctx context.Context) ([]request, error) {
	data, err := os.ReadFile(r.opt.file)
	if err != nil {
		return nil, err
	}
	var out []request
	for i, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		q, err := r.fileRequest(i+1, strings.Fields(line))
		if err != nil {
			return nil, err
		}
		if q.to != nil && len(fleet.Unreachable(ctx, r.Shell, []string{q.to.Address}, 1)) > 0 {
			return nil, refusal{console.Says(" error: The recovery target segment %s (content %d) is unreachable.", q.to.Address, q.failed.Content)}
		}
		out = append(out, q)
	}
	return out, nil
}

func (r *run) fileRequest(number int, groups []string) (request, error) {
	if len(groups) > 2 {
		return request{}, refusal{console.Says(" error: line %d of file %s: expected 1 or 2 groups but found %d", number, r.opt.file, len(groups))}
	}
	var places []catalog.Segment
	for i, kind := range []string{"failed", "new"}[:len(groups)] {
		parts := strings.Split(groups[i], "|")
		if len(parts) != 3 {
			return request{}, refusal{console.Says(" error: line %d of file %s: expected 3 parts on %s segment group, obtained %d",
				number, r.opt.file, kind, len(parts))}
		}
		s := catalog.Segment{Hostname: parts[0], Address: parts[0], Dir: parts[2]}
		if _, err := fmt.Sscan(parts[1], &s.Port); err != nil {
			return request{}, refusal{console.Says(" error: line %d of file %s: port must be a number", number, r.opt.file)}
		}
		places = append(places, s)
	}
	i := slices.IndexFunc(r.all, func(s catalog.Segment) bool {
		return s.Address == places[0].Address && s.Port == places[0].Port && s.Dir == places[0].Dir
	})
	if i < 0 {
		return request{}, console.Says("A segment to recover was not found in configuration.  "+
			"This segment is described by address|port|directory '%s'", groups[0])
	}
	q := request{failed: r.all[i]}
	if len(places) == 2 {
		q.to = &places[1]
	}
	return q, nil
}

// list prints as Python does.
func list[T any](items []T) string {
	words := make([]string, 0, len(items))
	for _, i := range items {
		if text, ok := any(i).(string); ok {
			words = append(words, "'"+text+"'")
			continue
		}
		words = append(words, fmt.Sprint(i))
	}
	return "[" + strings.Join(words, ", ") + "]"
}
