package database

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// SQL asks the acting coordinator.
type SQL struct{ remote *remote.Pods }

// Query runs SQL on the acting coordinator and returns what it printed, without the last newline.
func (s *SQL) Query(ctx context.Context, acting Acting, database, sql string) (string, error) {
	out, err := s.remote.Run(ctx, acting.Pod, segments.Psql(database, "", sql))
	return strings.TrimSpace(out), err
}

// Databases are those that allow connections.
func (s *SQL) Databases(ctx context.Context, acting Acting) ([]string, error) {
	out, err := s.Query(ctx, acting, "postgres", segments.DatabasesSQL)
	if err != nil {
		return nil, err
	}
	return segments.ParseNames(out)
}

// Number is SQL's answer as a whole number.
func (s *SQL) Number(ctx context.Context, acting Acting, database, sql string) (int64, error) {
	out, err := s.Query(ctx, acting, database, sql)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(out, 10, 64)
}

// Probes have the fault tolerance service probe the segments, so that the catalogue is up to date.
type Probes struct {
	coordinators *Coordinators
	sql          *SQL
}

// mirrorGrace is how long gpk waits for a mirror that is not connected to its primary. It connects again within seconds, or the
// probes mark it as down after 30 s (gp_fts_mark_mirror_down_grace_period). Until then the catalogue shows a dead one as in sync.
const mirrorGrace = 45 * time.Second

// Probed is the acting coordinator with its catalogue after a probe of all segments. Without a probe the catalogue shows an instance
// that was killed as up, and gprecoverseg would find nothing to do.
func (p *Probes) Probed(ctx context.Context) (Acting, error) {
	for end := time.Now().Add(mirrorGrace); ; {
		acting, err := p.coordinators.Acting(ctx)
		if err != nil {
			return acting, err
		}
		if _, err := p.sql.Query(ctx, acting, "postgres", segments.ProbeSQL); err != nil {
			return acting, err
		}
		silent, err := p.silentMirrors(ctx, acting)
		if err != nil {
			return acting, err
		}
		if silent == 0 || time.Now().After(end) {
			return p.coordinators.Acting(ctx)
		}
		if err := engine.Sleep(ctx, 2*time.Second); err != nil {
			return acting, err
		}
	}
}

// silentMirrors counts the mirrors that are not connected. Only the primaries know them: it is 0 where one does not answer.
func (p *Probes) silentMirrors(ctx context.Context, acting Acting) (int64, error) {
	n, err := p.sql.Number(ctx, acting, "postgres", segments.SilentMirrorsSQL)
	if _, exited := errors.AsType[*remote.Error](err); exited {
		return 0, nil
	}
	return n, err
}

// PrimariesAnswer asks every primary through the coordinator. While a cluster is created, the catalogue is complete before the segments.
func (p *Probes) PrimariesAnswer(ctx context.Context, acting Acting) (bool, error) {
	answer, err := p.sql.Query(ctx, acting, "postgres", segments.AnsweringSQL)
	if _, exited := errors.AsType[*remote.Error](err); exited {
		return false, nil
	}
	return answer == strconv.Itoa(acting.Catalogue.Primaries()), err
}
