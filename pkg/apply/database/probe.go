package database

import (
	"context"
	"errors"
	"strconv"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// mirrorGrace is how long a mirror that is not connected to its primary is waited for. It connects again within seconds, or the
// probes call it down: after 30 s (gp_fts_mark_mirror_down_grace_period), in which the catalogue has a dead one as up and in sync.
const mirrorGrace = 45 * time.Second

// LookProbed is lookAt for steps that must not believe an old catalogue.
func (d *Database) LookProbed(ctx context.Context, look func(context.Context, Acting) (engine.Finding, error)) (engine.Finding, error) {
	acting, err := d.Probed(ctx)
	if errors.Is(err, ErrSilent) {
		return engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}, nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	return look(ctx, acting)
}

// Probed is the acting coordinator with its catalogue after a probe of all segments: an instance that was killed is in it as up
// until then, and gprecoverseg would find nothing to do.
func (d *Database) Probed(ctx context.Context) (Acting, error) {
	for end := time.Now().Add(mirrorGrace); ; {
		acting, err := d.Acting(ctx)
		if err != nil {
			return acting, err
		}
		if _, err := d.Query(ctx, acting, "postgres", segments.ProbeSQL); err != nil {
			return acting, err
		}
		silent, err := d.silentMirrors(ctx, acting)
		if err != nil {
			return acting, err
		}
		if silent == 0 || time.Now().After(end) {
			return d.Acting(ctx)
		}
		if err := engine.Sleep(ctx, 2*time.Second); err != nil {
			return acting, err
		}
	}
}

// silentMirrors counts them; none where a primary does not answer, since only the primaries know.
func (d *Database) silentMirrors(ctx context.Context, acting Acting) (int64, error) {
	n, err := d.Number(ctx, acting, "postgres", segments.SilentMirrorsSQL)
	var exit *remote.Error
	if errors.As(err, &exit) {
		return 0, nil
	}
	return n, err
}

// PrimariesAnswer asks every primary through the coordinator. Of a cluster that is still being made, the catalogue is
// complete before its segments are.
func (d *Database) PrimariesAnswer(ctx context.Context, acting Acting) (bool, error) {
	answer, err := d.Query(ctx, acting, "postgres", segments.AnsweringSQL)
	var exit *remote.Error
	if errors.As(err, &exit) {
		return false, nil
	}
	return answer == strconv.Itoa(acting.Catalogue.Primaries()), err
}
