package recovery

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// primariesHandler makes a primary of every content answer, where a copy of its data is left. If both copies of a content are down,
// only a start of the whole database starts them: without a primary gprecoverseg has nothing to recover from.
type primariesHandler struct {
	pods *pods.Pods
	db   *database.Database
}

func (h *primariesHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithProbed(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		answer, err := h.db.PrimariesAnswer(ctx, acting)
		if err != nil || answer {
			return engine.Finding{State: engine.Done}, err
		}
		down, gone, err := h.down(ctx, acting)
		if len(gone) > 0 {
			return engine.Finding{State: engine.Blocked, Details: gone, Next: engine.Next("restore the pods' nodes or volumes, " +
				"or the volumes from a snapshot, and run the same command again. Rows that no copy has are only in a backup")}, nil
		}
		return engine.PendingIf(down), err
	})
}

// down describes the primaries that do not run, and among them those of which no copy can be started.
func (h *primariesHandler) down(ctx context.Context, acting database.Acting) (down, gone []string, err error) {
	down = []string{"not every primary answers"}
	list, err := h.pods.ByName(ctx)
	if err != nil {
		return nil, nil, err
	}
	var asked []segments.Row
	for _, row := range acting.Catalogue.Segments().Acting() {
		if why := pods.Unfinished([]string{row.Pod()}, list, pods.Running, pods.Condition); len(why) > 0 {
			gone = append(gone, bothGone(acting, row, why[0]))
			continue
		}
		asked = append(asked, row)
	}
	facts, err := h.db.Facts(ctx, database.DirsOf(asked))
	if err != nil {
		return nil, nil, err
	}
	for _, row := range asked {
		switch facts[row.Pod()].Instances[row.Dir] {
		case segments.Absent:
			gone = append(gone, bothGone(acting, row, "its volume holds no data"))
		case segments.Stopped:
			down = append(down, row.String()+" is not running")
		}
	}
	return down, gone, nil
}

func bothGone(acting database.Acting, row segments.Row, why string) string {
	gone := fmt.Sprintf("both copies of content %d are gone: the primary, %s: %s", row.Content, row, why)
	if mirror, found := acting.Catalogue.Find(row.Content, topology.Mirror); found {
		return gone + fmt.Sprintf("; its mirror, %s, is not in sync", mirror)
	}
	return gone + "; it has no mirror"
}

// Do waits until the pods restart their instances or the probes promote mirrors. Then it starts the whole database again.
func (h *primariesHandler) Do(ctx context.Context, progress func(string)) error {
	err := engine.Until(ctx, pods.PodPatience, progress, func() ([]string, error) {
		finding, err := h.Check(ctx)
		if err != nil || finding.State == engine.Done || finding.State == engine.Blocked {
			return nil, err
		}
		return []string{"waiting for the primaries, or their mirrors"}, nil
	}, "%s")
	if _, timedOut := errors.AsType[*engine.TimeoutError](err); !timedOut {
		return err
	}
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	var standby []string
	if row, found := acting.Catalogue.Standby(); found {
		standby = []string{row.Host}
	}
	gpstart, err := h.db.Gpstart(ctx, acting.Pod, standby, pods.PodPatience, progress)
	if err != nil {
		return err
	}
	progress("both copies of a content are down: restarting the whole database")
	stopErr := h.db.Run(ctx, acting.Pod, database.StopJob, segments.Gpstop(segments.Immediate), progress)
	return errors.Join(stopErr, h.db.Run(ctx, acting.Pod, database.StartJob, gpstart, progress))
}
