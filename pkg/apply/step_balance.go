package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

func sortedWords(words []string) []string { return slices.Sorted(slices.Values(words)) }

// presentHandler makes what is missing.
type presentHandler struct {
	target *Target
	action plan.Present
}

func (h *presentHandler) Check(ctx context.Context) (Finding, error) {
	missing, err := h.missing(ctx)
	var details []string
	for _, object := range missing {
		details = append(details, objectName(object)+" is missing")
	}
	return pendingIf(details), err
}

func (h *presentHandler) missing(ctx context.Context) ([]plan.Object, error) {
	live, err := h.target.liveAll(ctx, h.action.Objects)
	if err != nil {
		return nil, err
	}
	var missing []plan.Object
	for i, object := range h.action.Objects {
		if live[i] == nil {
			missing = append(missing, object)
		}
	}
	return missing, nil
}

func (h *presentHandler) Do(ctx context.Context, progress func(string)) error {
	missing, err := h.missing(ctx)
	if err != nil {
		return err
	}
	return (&applyHandler{target: h.target, action: plan.Apply{Objects: missing}}).Do(ctx, progress)
}

// caughtHandler waits until all mirrors are in sync. They catch up by themselves; how far is told in bytes.
type caughtHandler struct{ target *Target }

func (h *caughtHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookProbed(ctx, func(_ context.Context, acting Acting) (Finding, error) {
		return pendingIf(acting.Catalogue.OutOfSync()), nil
	})
}

// Do waits as long as the mirrors catch up: only when nothing has changed for a while it gives up.
func (h *caughtHandler) Do(ctx context.Context, progress func(string)) error {
	last, changed := "", time.Now()
	for {
		acting, err := h.target.probed(ctx)
		if err != nil {
			return err
		}
		behind := acting.Catalogue.OutOfSync()
		if len(behind) == 0 {
			return nil
		}
		lag, err := h.target.sql(ctx, acting, "postgres", segments.LagSQL)
		if err != nil {
			return err
		}
		if now := fmt.Sprint(len(behind), " ", lag); now != last {
			last, changed = now, time.Now()
		}
		if time.Since(changed) > settlePatience {
			return errors.New(few(behind))
		}
		bytes, _ := strconv.ParseFloat(lag, 64)
		progress(fmt.Sprintf("%d mirrors have yet to catch up; %.1f MB have been sent and not been stored", len(behind), bytes/1e6))
		if err := sleep(ctx, time.Second); err != nil {
			return err
		}
	}
}

// balancedHandler gives the instances their preferred roles back, with gprecoverseg.
type balancedHandler struct{ target *Target }

func (h *balancedHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookAt(ctx, func(_ context.Context, acting Acting) (Finding, error) {
		var details []string
		for _, row := range acting.Catalogue.Switched() {
			details = append(details, row.String()+" acts as primary in place of its mirror")
		}
		return pendingIf(details), nil
	})
}

func (h *balancedHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.target.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.target.runJob(ctx, acting.Pod, "gprecoverseg-rebalance", segments.Rebalance(), progress); err != nil {
		return err
	}
	return (&caughtHandler{h.target}).Do(ctx, progress)
}

// answeringHandler makes a primary of every content answer, where a copy of it is left. Both copies of a content that are down
// come back only by a start of the whole database: without a primary gprecoverseg has nothing to recover from.
type answeringHandler struct{ target *Target }

func (h *answeringHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookProbed(ctx, func(ctx context.Context, acting Acting) (Finding, error) {
		whole, err := h.target.primariesAnswer(ctx, acting)
		if err != nil || whole {
			return Finding{State: Done}, err
		}
		silent, gone, err := h.silent(ctx, acting)
		if err != nil {
			return Finding{}, err
		}
		if len(gone) > 0 {
			return Finding{State: Blocked, Details: gone, Next: "bring the pods' nodes or volumes back, or restore the volumes from a snapshot, " +
				"and run this again; what is in no copy is in a backup only"}, nil
		}
		return pendingIf(silent), nil
	})
}

// silent are the primaries that do not run, in words, and of those the ones of which nothing is left that could be started.
func (h *answeringHandler) silent(ctx context.Context, acting Acting) (silent, gone []string, err error) {
	silent = []string{"not every primary answers"}
	pods, err := h.target.podsByName(ctx)
	if err != nil {
		return nil, nil, err
	}
	var asked []segments.Row
	for _, row := range acting.Catalogue {
		if row.Content == topology.CoordinatorContent || row.Role != topology.Primary {
			continue
		}
		if words := unfinished([]string{row.Pod()}, pods, running, condition); len(words) > 0 {
			gone = append(gone, h.bothGone(acting, row, words[0]))
			continue
		}
		asked = append(asked, row)
	}
	facts, err := h.target.facts(ctx, placesOf(asked))
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

func (h *answeringHandler) bothGone(acting Acting, row segments.Row, why string) string {
	words := fmt.Sprintf("both copies of content %d are gone: the primary, %s: %s", row.Content, row, why)
	if mirror, found := acting.Catalogue.Find(row.Content, topology.Mirror); found {
		return words + fmt.Sprintf("; its mirror, %s, is not in sync", mirror)
	}
	return words + "; it has no mirror"
}

// Do gives the pods' own restarts and the probes a chance first, then starts the whole database again.
func (h *answeringHandler) Do(ctx context.Context, progress func(string)) error {
	for end := time.Now().Add(podPatience); time.Now().Before(end); {
		if finding, err := h.Check(ctx); err != nil || finding.State == Done || finding.State == Blocked {
			return err
		}
		progress("waiting for the primaries, or their mirrors")
		if err := sleep(ctx, 2*time.Second); err != nil {
			return err
		}
	}
	acting, err := h.target.Acting(ctx)
	if err != nil {
		return err
	}
	var standby []string
	if row, found := acting.Catalogue.Find(topology.CoordinatorContent, topology.Mirror); found {
		standby = []string{row.Host}
	}
	gpstart, err := h.target.gpstart(ctx, acting.Pod, standby, podPatience, progress)
	if err != nil {
		return err
	}
	progress("starting the whole database again, since both copies of a content are down")
	stopErr := h.target.runJob(ctx, acting.Pod, stopJob, segments.Gpstop("immediate"), progress)
	return errors.Join(stopErr, h.target.runJob(ctx, acting.Pod, startJob, gpstart, progress))
}
