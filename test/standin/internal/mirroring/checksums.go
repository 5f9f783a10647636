package mirroring

import (
	"context"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/fleet"
	"gpk/test/standin/internal/instance"
)

// CompareChecksums prints what pg_controldata says of segments, and tells
// whether any has answered. All of the stand-in's directories have checksums.
func (b Builder) CompareChecksums(ctx context.Context, segments catalog.Segments) error {
	outcomes := fleet.Each(ctx, b.Shell, segments, b.Width, func(s catalog.Segment) string {
		return b.Remote(instance.ControlCommand(s.Dir))
	})
	var silent catalog.Segments
	for _, s := range segments {
		if outcomes[s.DBID].Err != nil {
			silent = append(silent, s)
			continue
		}
		b.Log.Info("Successfully finished pg_controldata %s for dbid %d:\nstdout: %s\n\nstderr: ", s.Dir, s.DBID, outcomes[s.DBID].Output)
	}
	for _, s := range silent {
		b.Log.Print(console.Warning, "cannot access pg_controldata for dbid %d on host %s", s.DBID, s.Hostname)
	}
	if len(silent) == len(segments) {
		return console.Says("No segments responded to ssh query for heap checksum validation.")
	}
	return nil
}
