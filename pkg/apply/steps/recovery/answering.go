package recovery

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// answeringHandler makes a primary of every content answer, where a copy of it is left. Both copies of a content that are down
// come back only by a start of the whole database: without a primary gprecoverseg has nothing to recover from.
type answeringHandler struct {
	pods *pods.Pods
	db   *database.Database
}

func (h *answeringHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookProbed(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		whole, err := h.db.PrimariesAnswer(ctx, acting)
		if err != nil || whole {
			return engine.Finding{State: engine.Done}, err
		}
		silent, gone, err := h.silent(ctx, acting)
		if err != nil {
			return engine.Finding{}, err
		}
		if len(gone) > 0 {
			return engine.Finding{State: engine.Blocked, Details: gone, Next: engine.Next("bring the pods' nodes or volumes back, or restore the volumes from a snapshot, " +
				"and run this again; what is in no copy is in a backup only")}, nil
		}
		return engine.PendingIf(silent), nil
	})
}

// silent are the primaries that do not run, in words, and of those the ones of which nothing is left that could be started.
func (h *answeringHandler) silent(ctx context.Context, acting database.Acting) (silent, gone []string, err error) {
	silent = []string{"not every primary answers"}
	list, err := h.pods.ByName(ctx)
	if err != nil {
		return nil, nil, err
	}
	var asked []segments.Row
	for _, row := range acting.Catalogue {
		if row.Content == topology.CoordinatorContent || row.Role != topology.Primary {
			continue
		}
		if words := pods.Unfinished([]string{row.Pod()}, list, pods.Running, pods.Condition); len(words) > 0 {
			gone = append(gone, h.bothGone(acting, row, words[0]))
			continue
		}
		asked = append(asked, row)
	}
	facts, err := h.db.Facts(ctx, database.PlacesOf(asked))
	if err != nil {
		return nil, nil, err
	}
	for _, row := range asked {
		switch facts[row.Pod()].Instances[row.Dir] {
		case "absent":
			gone = append(gone, h.bothGone(acting, row, "its volume holds no data"))
		case "stopped":
			silent = append(silent, row.String()+" does not run")
		}
	}
	return silent, gone, nil
}

func (h *answeringHandler) bothGone(acting database.Acting, row segments.Row, why string) string {
	words := fmt.Sprintf("both copies of content %d are gone: the primary, %s: %s", row.Content, row, why)
	if mirror, found := acting.Catalogue.Find(row.Content, topology.Mirror); found {
		return words + fmt.Sprintf("; its mirror, %s, is not in sync", mirror)
	}
	return words + "; it has no mirror"
}

// Do gives the pods' own restarts and the probes a chance first, then starts the whole database again.
func (h *answeringHandler) Do(ctx context.Context, progress func(string)) error {
	for end := time.Now().Add(pods.PodPatience); time.Now().Before(end); {
		if finding, err := h.Check(ctx); err != nil || finding.State == engine.Done || finding.State == engine.Blocked {
			return err
		}
		progress("waiting for the primaries, or their mirrors")
		if err := engine.Sleep(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	var standby []string
	if row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror); found {
		standby = []string{row.Host}
	}
	gpstart, err := h.db.Gpstart(ctx, acting.Pod, standby, pods.PodPatience, progress)
	if err != nil {
		return err
	}
	progress("starting the whole database again, since both copies of a content are down")
	stopErr := h.db.Run(ctx, acting.Pod, database.StopJob, segments.Gpstop("immediate"), progress)
	return errors.Join(stopErr, h.db.Run(ctx, acting.Pod, database.StartJob, gpstart, progress))
}
