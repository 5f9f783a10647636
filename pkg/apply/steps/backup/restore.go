package backup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// restorableHandler finds out whether a backup is whole and fits the cluster. It changes nothing.
type restorableHandler struct {
	engine.Nothing
	*Backups
	action plan.Restorable
}

func (h *restorableHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		bucket, _, err := h.bucket(ctx, h.action.Cluster)
		if err != nil {
			return engine.Finding{}, err
		}
		found, has, err := inspect(ctx, bucket, h.action.Request.Timestamp)
		switch {
		case errors.Is(err, ErrNoBackup):
			return engine.BlockedBy(err.Error(), "nothing was changed; see what there is: ", plan.Gpk("backup", "list")), nil
		case err != nil:
			return engine.Finding{}, err
		case found.State != Complete:
			return engine.BlockedBy(fmt.Sprintf("the backup %s is %s: %s", found.Timestamp, found.State, found.Why),
				"nothing was changed; restore another one: ", plan.Gpk("backup", "list")), nil
		}
		faults, err := h.faults(ctx, acting, found, has)
		if err != nil || len(faults) > 0 {
			return engine.Finding{State: engine.Blocked, Details: faults, Next: engine.Next("nothing was changed")}, err
		}
		return engine.Finding{State: engine.Done}, nil
	})
}

// faults are what keeps this cluster from a complete backup.
func (h *restorableHandler) faults(ctx context.Context, acting database.Acting, found Backup, has contents) ([]string, error) {
	var faults []string
	programs, err := h.programs(ctx, acting.Pod)
	if err != nil {
		return nil, err
	}
	if primaries := acting.Catalogue.Primaries(); found.Segments != primaries && !programs.Resize {
		faults = append(faults, fmt.Sprintf("the backup was made on %d segments, here are %d, and the image's gprestore %s cannot restore into "+
			"another number: it has no --resize-cluster", found.Segments, primaries, programs.Versions["gprestore"]))
	}
	if missing := missingTables(h.action.Request.Tables, has.BackupTOC); len(missing) > 0 {
		faults = append(faults, "the backup has no table "+strings.Join(missing, ", "))
	}
	out, err := h.db.Query(ctx, acting, "postgres", segments.MissingRolesSQL(has.Roles))
	if err != nil {
		return nil, err
	}
	roles, err := segments.ParseNames(out)
	if err == nil && len(roles) > 0 {
		faults = append(faults, "roles of the backup do not exist here: "+strings.Join(roles, ", ")+"; create them with gpk psql")
	}
	return faults, err
}

// missingTables are those that a backup has no data of. A partitioned table has its data in its leaves.
func missingTables(wanted []string, toc segments.BackupTOC) []string {
	var missing []string
	for _, table := range wanted {
		known := slices.ContainsFunc(toc.Tables, func(t segments.BackedUpTable) bool { return plain(t.Name) == plain(table) })
		if !known && !slices.ContainsFunc(toc.Tables, func(t segments.BackedUpTable) bool {
			return strings.HasPrefix(plain(t.Name), plain(table)+"_1_prt_")
		}) {
			missing = append(missing, table)
		}
	}
	return missing
}

func plain(name string) string { return strings.ReplaceAll(name, `"`, "") }

// restoredHandler restores a backup by a durable job, or goes on with the job that an earlier gpk has started.
type restoredHandler struct {
	*Backups
	action plan.Restored
	done   bool
}

func (h *restoredHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.done {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		state, err := h.remote.Job(acting.Pod, restoreJob).State(ctx)
		if err != nil {
			return engine.Finding{}, err
		}
		if state.Phase == "running" {
			return engine.PendingIf([]string{"a restore has been running since " + state.Since + ": it is followed, and no other one begun"}), nil
		}
		request, database, err := h.request(ctx, acting)
		if err != nil {
			return engine.Finding{}, err
		}
		exists, err := h.db.Query(ctx, acting, "postgres", segments.DatabaseSQL(database))
		switch {
		case err != nil:
			return engine.Finding{}, err
		case exists == "t" && request.CreateDatabase:
			return engine.BlockedBy("database "+database+" exists already",
				"nothing was changed; restore into it without --create-db, or into another one with --into, or drop it first"), nil
		case exists != "t" && !request.CreateDatabase:
			return engine.BlockedBy("database "+database+" does not exist", "nothing was changed; make it with --create-db"), nil
		}
		return engine.PendingIf([]string{"to restore: " + request.Timestamp + " into database " + database}), nil
	})
}

// request is what gprestore is asked, and the database that it restores into.
func (h *restoredHandler) request(ctx context.Context, acting database.Acting) (segments.RestoreRequest, string, error) {
	request := h.action.Request
	bucket, _, err := h.bucket(ctx, h.action.Cluster)
	if err != nil {
		return request, "", err
	}
	found, _, err := read(ctx, bucket, request.Timestamp)
	request.Resize = found.Segments != acting.Catalogue.Primaries()
	if found.config.SingleDataFile {
		// gprestore refuses more.
		request.Jobs = 1
	}
	return request, orText(request.Into, found.Database), err
}

func (h *restoredHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	request, into, err := h.request(ctx, acting)
	if err != nil {
		return err
	}
	outcome, err := h.restore(ctx, h.action.Cluster, acting, request, nil, progress)
	if err != nil {
		return err
	}
	if outcome.Timestamp != request.Timestamp {
		return &engine.NextError{Err: fmt.Errorf("another gpk's restore of %s has ended with exit status %d", outcome.Timestamp, outcome.Status),
			Next: engine.Next("run the same command again: it restores " + request.Timestamp)}
	}
	if outcome.Status != 0 {
		return &engine.NextError{Err: fmt.Errorf("in pod %s: gprestore: exit status %d: %s\ndatabase %s may have a part of the backup: it is "+
			"not restored", acting.Pod, outcome.Status, causes(outcome), into),
			Next: engine.Next("drop what is in database " + into + " by now, fix the cause, then run the same command again")}
	}
	h.done = true
	return nil
}

// restore starts the job of a restore, or attaches to it, and gives how it ended.
func (b *Backups) restore(ctx context.Context, c *topology.Cluster, acting database.Acting, request segments.RestoreRequest,
	extra []segments.File, progress func(string)) (segments.BackupOutcome, error) {
	job := b.remote.Job(acting.Pod, restoreJob)
	state, err := job.State(ctx)
	switch {
	case err != nil:
		return segments.BackupOutcome{}, err
	case state.Phase == "running":
		progress("attaching to gprestore, which has been running since " + state.Since)
	default:
		hosts, err := b.configured(ctx, c, acting)
		if err == nil {
			_, err = job.Start(ctx, segments.Restore(request, hosts, extra...))
		}
		if err != nil {
			return segments.BackupOutcome{}, err
		}
	}
	outcomes, err := b.follow(ctx, acting.Pod, restoreJob, progress)
	if err == nil && len(outcomes) != 1 {
		err = fmt.Errorf("the job %s in pod %s has no outcome", restoreJob, acting.Pod)
	}
	if err != nil {
		next := engine.Next("see ", plan.Gpk("status"), "; what is restored is not complete: drop it, then run the same command again")
		if ctx.Err() != nil {
			next = engine.Next("the job continues in the cluster: run the same command again to follow it")
		}
		return segments.BackupOutcome{}, &engine.NextError{Err: err, Next: next}
	}
	if outcomes[0].Status != 0 {
		err = b.clear(ctx, acting)
	}
	return outcomes[0], err
}
