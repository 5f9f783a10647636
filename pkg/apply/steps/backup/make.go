package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/storage"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// backedUpHandler makes the backups of some databases by one durable job, or goes on with one that an earlier gpk has started.
type backedUpHandler struct {
	*Backups
	action plan.BackedUp
	done   bool
}

// Check finds what could not be done. A backup that was made earlier is none that is wanted now.
func (h *backedUpHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.done {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		if since, err := h.running(ctx, acting); err != nil || since != "" {
			return engine.PendingIf([]string{"a backup has been running since " + since + ": it is followed, and no other one begun"}), err
		}
		wanted, faults, err := h.databases(ctx, acting)
		if err != nil {
			return engine.Finding{}, err
		}
		if len(faults) > 0 {
			return engine.BlockedBy(engine.Few(faults), "nothing was changed; name databases of this list with --database: `gpk psql -- -l`"), nil
		}
		if _, faults, err = h.requests(ctx, wanted); err != nil || len(faults) > 0 {
			return engine.BlockedBy(engine.Few(faults), "nothing was changed; make a whole backup first: ", plan.Gpk("backup")), err
		}
		return engine.PendingIf([]string{"to back up: " + strings.Join(wanted, ", ")}), nil
	})
}

// running is since when the job of a backup has been running, "" if it does not.
func (h *backedUpHandler) running(ctx context.Context, acting database.Acting) (string, error) {
	state, err := h.remote.Job(acting.Pod, backupJob).State(ctx)
	if err != nil || state.Phase != "running" {
		return "", err
	}
	return state.Since, nil
}

// databases are those to back up, and what is wrong with the names.
func (h *backedUpHandler) databases(ctx context.Context, acting database.Acting) (wanted, faults []string, err error) {
	all, err := h.db.Databases(ctx, acting)
	if err != nil {
		return nil, nil, err
	}
	wanted = h.action.Databases
	if len(wanted) == 0 {
		wanted = slices.DeleteFunc(slices.Clone(all), func(name string) bool {
			return name == "postgres" || name == "template1" || strings.HasPrefix(name, segments.ScratchDatabase(""))
		})
		if len(wanted) == 0 {
			faults = append(faults, "there is no database but Greenplum's own")
		}
	}
	for _, name := range wanted {
		switch {
		case !slices.Contains(all, name):
			faults = append(faults, "there is no database "+name)
		case strings.ContainsAny(name, "\r\n"):
			faults = append(faults, fmt.Sprintf("the name %q of a database has a newline in it", name))
		}
	}
	return wanted, faults, nil
}

// requests are gpbackup's arguments for each database, and for which of them there is no earlier backup that an increment could follow.
// gpbackup would look for that in its history, which a failover has left on the old coordinator: gpk finds it in the bucket.
func (h *backedUpHandler) requests(ctx context.Context, databases []string) (requests [][]string, faults []string, err error) {
	var earlier []Backup
	bucket, acting, err := h.bucket(ctx, h.action.Cluster)
	if err != nil {
		return nil, nil, err
	}
	if h.action.Request.Incremental {
		if earlier, err = list(ctx, bucket); err != nil {
			return nil, nil, err
		}
	}
	for _, name := range databases {
		from := ""
		if h.action.Request.Incremental {
			if from, err = h.base(ctx, bucket, earlier, name, acting.Catalogue.Primaries()); err != nil {
				return nil, nil, err
			}
			if from == "" {
				faults = append(faults, fmt.Sprintf("database %s has no complete backup with the same filters and compression on %d segments",
					name, acting.Catalogue.Primaries()))
			}
		}
		requests = append(requests, h.action.Request.Arguments(name, from))
	}
	return requests, faults, nil
}

// base is the latest backup that an increment can follow, with all that it needs.
func (h *backedUpHandler) base(ctx context.Context, bucket *storage.Bucket, earlier []Backup, database string, primaries int) (string,
	error) {
	for _, b := range earlier {
		if b.State != Complete || !b.config.Base(database, h.action.Request, primaries) {
			continue
		}
		found, _, err := inspect(ctx, bucket, b.Timestamp)
		if err != nil || found.State == Complete {
			return b.Timestamp, err
		}
	}
	return "", nil
}

func (h *backedUpHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	since, err := h.running(ctx, acting)
	switch {
	case err != nil:
		return err
	case since != "":
		progress("attaching to gpbackup, which has been running since " + since)
	default:
		if err := h.start(ctx, acting); err != nil {
			return err
		}
	}
	outcomes, err := h.follow(ctx, acting.Pod, backupJob, progress)
	if err != nil {
		return h.interrupted(ctx, acting, err)
	}
	return h.judge(ctx, acting, outcomes)
}

func (h *backedUpHandler) start(ctx context.Context, acting database.Acting) error {
	databases, faults, err := h.databases(ctx, acting)
	if err != nil {
		return err
	}
	requests, more, err := h.requests(ctx, databases)
	if err != nil {
		return err
	}
	if faults = append(faults, more...); len(faults) > 0 {
		return errors.New(engine.Few(faults))
	}
	note, err := json.Marshal(segments.BackupNote{Name: h.action.Request.Name, Cluster: h.action.Cluster.Metadata.Namespace + "/" +
		h.action.Cluster.Metadata.Name})
	if err != nil {
		return err
	}
	hosts, err := h.configured(ctx, h.action.Cluster, acting)
	if err == nil {
		_, err = h.remote.Job(acting.Pod, backupJob).Start(ctx, segments.BackUp(requests, string(note), hosts))
	}
	return err
}

// interrupted is the error of a job whose end gpk has not seen. What is in the bucket is not complete then, and is listed so.
func (b *Backups) interrupted(ctx context.Context, acting database.Acting, err error) error {
	if ctx.Err() != nil {
		return &engine.NextError{Err: err, Next: engine.Next("the job continues in the cluster: run the same command again to follow it")}
	}
	if _, found := b.stillThere(ctx, acting); !found {
		err = fmt.Errorf("%w; the coordinator is not in pod %s any more", err, acting.Pod)
	}
	return &engine.NextError{Err: fmt.Errorf("%w\nthe bucket may have an incomplete backup, which gpk lists as that", err),
		Next: engine.Next("see ", plan.Gpk("status"), " and ", plan.Gpk("backup", "list"), ", then run the same command again")}
}

// stillThere is the acting coordinator, and whether it is in the same pod.
func (b *Backups) stillThere(ctx context.Context, was database.Acting) (database.Acting, bool) {
	now, err := b.db.Acting(ctx)
	return now, err == nil && now.Pod == was.Pod
}

// judge reads the backups from the bucket: gpbackup's exit status alone says little.
func (h *backedUpHandler) judge(ctx context.Context, acting database.Acting, outcomes []segments.BackupOutcome) error {
	bucket, _, err := h.bucket(ctx, h.action.Cluster)
	if err != nil {
		return err
	}
	var faults []string
	h.Made = nil
	for _, outcome := range outcomes {
		if outcome.Timestamp == "" {
			faults = append(faults, "gpbackup did not begin a backup: "+causes(outcome))
			continue
		}
		made, _, err := inspect(ctx, bucket, outcome.Timestamp)
		switch {
		case errors.Is(err, ErrNoBackup):
			faults = append(faults, fmt.Sprintf("gpbackup has stored nothing of the backup %s: %s", outcome.Timestamp, causes(outcome)))
			continue
		case err != nil:
			return err
		}
		h.Made = append(h.Made, made)
		if outcome.Status != 0 || made.State != Complete {
			faults = append(faults, fmt.Sprintf("the backup %s of %s is %s: %s", outcome.Timestamp, orNone(made.Database), made.State,
				orText(causes(outcome), made.Why)))
		}
	}
	if len(faults) == 0 && len(outcomes) > 0 {
		h.done = true
		return nil
	}
	if err := h.clear(ctx, acting); err != nil {
		faults = append(faults, "the key of the bucket could not be removed from the pods: "+err.Error())
	}
	return &engine.NextError{Err: fmt.Errorf("in pod %s: %s", acting.Pod, strings.Join(append(faults, h.well()...), "\n  ")),
		Next: engine.Next("fix the cause and run the same command again; ", plan.Gpk("backup", "prune"), " removes what is not complete")}
}

// well says which of the backups are complete although others are not.
func (b *Backups) well() []string {
	var complete []string
	for _, made := range b.Made {
		if made.State == Complete {
			complete = append(complete, fmt.Sprintf("the backup %s of %s is complete", made.Timestamp, made.Database))
		}
	}
	return complete
}

func causes(o segments.BackupOutcome) string {
	return orText(strings.Join(o.Causes, " | "), fmt.Sprintf("exit status %d", o.Status))
}

func orText(text, other string) string {
	if text != "" {
		return text
	}
	return other
}

func orNone(database string) string { return orText(database, "a database") }
