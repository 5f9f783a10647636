package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// deletedHandler deletes one backup, or old ones.
type deletedHandler struct {
	*Backups
	action plan.DeletedBackups
}

func (h *deletedHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, _ database.Acting) (engine.Finding, error) {
		doomed, faults, err := h.doomed(ctx)
		if err != nil {
			return engine.Finding{}, err
		}
		if len(faults) > 0 {
			return engine.BlockedBy(engine.Few(faults), "nothing was changed; delete those first: ", plan.Gpk("backup", "list")), nil
		}
		details := make([]string, len(doomed))
		for i, b := range doomed {
			details[i] = fmt.Sprintf("to delete: %s of %s (%s)", b.Timestamp, orNone(b.Database), b.State)
		}
		return engine.PendingIf(details), nil
	})
}

// doomed are the backups to delete, and why some of them must stay.
func (h *deletedHandler) doomed(ctx context.Context) (doomed []Backup, faults []string, err error) {
	all, err := h.List(ctx, h.action.Cluster)
	if err != nil {
		return nil, nil, err
	}
	if h.action.Timestamp == "" {
		return Prunable(all, h.action.KeepLast, h.action.KeepDays, time.Now()), nil, nil
	}
	for _, b := range all {
		if slices.Contains(b.Needs, h.action.Timestamp) {
			faults = append(faults, fmt.Sprintf("the backup %s needs %s", b.Timestamp, h.action.Timestamp))
		}
		if b.Timestamp == h.action.Timestamp {
			doomed = append(doomed, b)
		}
	}
	return doomed, faults, nil
}

func (h *deletedHandler) Do(ctx context.Context, progress func(string)) error {
	doomed, faults, err := h.doomed(ctx)
	if err == nil && len(faults) > 0 {
		err = errors.New(engine.Few(faults))
	}
	if err != nil {
		return err
	}
	bucket, _, err := h.bucket(ctx, h.action.Cluster)
	if err != nil {
		return err
	}
	// The latest goes first: what is left of a prune that was interrupted needs nothing that is gone.
	for _, b := range doomed {
		progress("deleting " + b.Timestamp)
		if err := bucket.Delete(ctx, b.Timestamp); err != nil {
			return fmt.Errorf("backup %s: %w", b.Timestamp, err)
		}
	}
	return nil
}

// Prunable are the backups that a rule does not keep, of all, the latest first. Of each database it keeps the latest complete ones, those
// of the last days, and whatever one of these needs. What is not complete goes, unless it is from the last days: nobody can restore it.
func Prunable(all []Backup, last, days int, now time.Time) []Backup {
	kept, complete := map[string]bool{}, map[string]int{}
	for _, b := range all {
		made, err := time.Parse("20060102150405", b.Timestamp)
		young := err != nil || days > 0 && now.Sub(made) < time.Duration(days)*24*time.Hour
		if b.State == Complete {
			complete[b.Database]++
		}
		if young || b.State == Complete && complete[b.Database] <= last || b.State == Unreadable {
			kept[b.Timestamp] = true
			for _, needed := range b.Needs {
				kept[needed] = true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(b Backup) bool { return kept[b.Timestamp] })
}
