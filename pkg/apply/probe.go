package apply

import (
	"context"
	"errors"
	"time"

	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// mirrorGrace is how long a mirror that is not connected to its primary is waited for. It connects again within seconds, or the
// probes call it down: after 30 s (gp_fts_mark_mirror_down_grace_period), in which the catalogue has a dead one as up and in sync.
const mirrorGrace = 45 * time.Second

// lookProbed is lookAt for steps that must not believe an old catalogue.
func (t *Target) lookProbed(ctx context.Context, look func(context.Context, Acting) (Finding, error)) (Finding, error) {
	acting, err := t.probed(ctx)
	if errors.Is(err, errSilent) {
		return Finding{State: Unknown, Details: []string{err.Error()}}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	return look(ctx, acting)
}

// probed is the acting coordinator with its catalogue after a probe of all segments: an instance that was killed is in it as up
// until then, and gprecoverseg would find nothing to do.
func (t *Target) probed(ctx context.Context) (Acting, error) {
	for end := time.Now().Add(mirrorGrace); ; {
		acting, err := t.Acting(ctx)
		if err != nil {
			return acting, err
		}
		if _, err := t.sql(ctx, acting, "postgres", segments.ProbeSQL); err != nil {
			return acting, err
		}
		silent, err := t.silentMirrors(ctx, acting)
		if err != nil {
			return acting, err
		}
		if silent == 0 || time.Now().After(end) {
			return t.Acting(ctx)
		}
		if err := sleep(ctx, 2*time.Second); err != nil {
			return acting, err
		}
	}
}

// silentMirrors counts them; none where a primary does not answer, since only the primaries know.
func (t *Target) silentMirrors(ctx context.Context, acting Acting) (int64, error) {
	n, err := t.number(ctx, acting, "postgres", segments.SilentMirrorsSQL)
	var exit *remote.Error
	if errors.As(err, &exit) {
		return 0, nil
	}
	return n, err
}
