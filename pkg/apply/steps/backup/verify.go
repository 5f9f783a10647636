package backup

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Verification is what was found in a scratch database. Its JSON is stable.
type Verification struct {
	Timestamp string `json:"timestamp"`
	Tables    int    `json:"tables"`
	Rows      int64  `json:"rows"`
	// Different are the tables with another number of rows than gpbackup has counted.
	Different []string `json:"different,omitempty"`
}

// roomHandler finds out whether the volumes have room for a scratch database. It changes nothing.
type roomHandler struct {
	engine.Nothing
	*Backups
	action plan.ScratchRoom
}

func (h *roomHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		bucket, _, err := h.bucket(ctx, h.action.Cluster)
		if err != nil {
			return engine.Finding{}, err
		}
		found, has, err := inspect(ctx, bucket, h.action.Timestamp)
		if err != nil {
			return engine.Finding{}, err
		}
		// Of a part of a database, gpbackup does not say how large it is. Data become larger by three and more when they are uncompressed.
		size := max(has.size, 4*found.Bytes)
		short, err := h.short(ctx, acting, size)
		if err != nil || len(short) > 0 {
			return engine.BlockedBy(engine.Few(short), "nothing was changed; free space on these volumes, or enlarge them with ",
				plan.Gpk("resize")), err
		}
		return engine.Finding{State: engine.Done}, nil
	})
}

// short are the pods whose volumes have no room for their part of a database, of whose copies each segment has one.
func (h *roomHandler) short(ctx context.Context, acting database.Acting, size int64) ([]string, error) {
	part := size / int64(max(1, acting.Catalogue.Primaries()))
	instances := map[string]int64{}
	var pods []string
	for _, row := range acting.Catalogue {
		if row.Content < 0 || !row.Up() {
			continue
		}
		if instances[row.Pod()] == 0 {
			pods = append(pods, row.Pod())
		}
		instances[row.Pod()]++
	}
	short := make([]string, len(pods))
	err := engine.Each(ctx, pods, func(ctx context.Context, i int, pod string) error {
		out, err := h.remote.Run(ctx, pod, segments.BackupScript("space"))
		if err != nil {
			return err
		}
		free, err := segments.ParseSpace(out)
		if need := part * instances[pod]; err == nil && free < need {
			short[i] = fmt.Sprintf("the volume of pod %s has %s free, and the scratch database needs about %s there", pod, segments.Size(free),
				segments.Size(need))
		}
		return err
	})
	return engine.NonEmpty(short), err
}

// verifiedHandler restores a backup into a scratch database, compares its rows, and has the job drop the database.
type verifiedHandler struct {
	*Backups
	action plan.Verified
	done   bool
}

func (h *verifiedHandler) Check(context.Context) (engine.Finding, error) {
	if h.done {
		return engine.Finding{State: engine.Done}, nil
	}
	return engine.PendingIf([]string{"to restore " + h.action.Request.Timestamp + " into database " +
		segments.ScratchDatabase(h.action.Request.Timestamp)}), nil
}

func (h *verifiedHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	bucket, _, err := h.bucket(ctx, h.action.Cluster)
	if err != nil {
		return err
	}
	found, has, err := inspect(ctx, bucket, h.action.Request.Timestamp)
	if err != nil {
		return err
	}
	if found.State != Complete {
		return fmt.Errorf("the backup %s is %s: %s", found.Timestamp, found.State, found.Why)
	}
	request := segments.RestoreRequest{Timestamp: found.Timestamp, Into: segments.ScratchDatabase(found.Timestamp),
		Jobs: h.action.Request.Jobs, Resize: found.Segments != acting.Catalogue.Primaries(), CreateDatabase: true}
	prepare := ""
	if found.config.TableFiltered || found.config.DataOnly {
		// Such a backup brings neither a database nor schemas.
		request.CreateDatabase, prepare = false, "select 1;\n"+segments.PrepareSQL(has.Schemas)
	}
	if found.config.SingleDataFile {
		request.Jobs = 1
	}
	outcome, err := h.restore(ctx, h.action.Cluster, acting, request, segments.Trial(found.Timestamp, prepare, has.Tables), progress)
	switch {
	case err != nil:
		return err
	case outcome.Timestamp != found.Timestamp:
		return &engine.NextError{Err: errors.New("a restore that an earlier gpk has started has ended"),
			Next: engine.Next("run the same command again")}
	case outcome.Status != 0:
		return fmt.Errorf("in pod %s: the backup %s cannot be restored: %s", acting.Pod, found.Timestamp, causes(outcome))
	}
	out, err := h.remote.Run(ctx, acting.Pod, segments.BackupScript("counts", restoreJob))
	if err != nil {
		return err
	}
	counted, err := segments.ParseCounts(out)
	if err == nil {
		h.Verified = compared(found, has.Tables, counted)
		h.done = true
	}
	return err
}

// compared is what was counted beside what gpbackup has counted.
func compared(found Backup, tables []segments.BackedUpTable, counted map[string]segments.TableCount) Verification {
	v := Verification{Timestamp: found.Timestamp, Tables: len(tables)}
	for _, table := range tables {
		count, known := counted[table.Name]
		v.Rows += count.Rows
		wanted := table.Rows
		if count.Replicated {
			wanted /= int64(max(1, found.Segments))
		}
		switch {
		case !known:
			v.Different = append(v.Different, table.Name+" was not restored")
		case count.Rows != wanted:
			v.Different = append(v.Different, fmt.Sprintf("%s has %d rows, and gpbackup counted %d", table.Name, count.Rows, wanted))
		}
	}
	return v
}
