// Package backup makes backups by gpbackup, restores them by gprestore, and lists, verifies and deletes them. What there is of backups, it
// reads from their bucket: gpbackup's own history lies beside the coordinator, and is lost with it.
package backup

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/remote"
	"gpk/pkg/apply/storage"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Register names the handlers of this room's actions.
func Register(r engine.Handlers, b *Backups) {
	engine.Handle(r, func(a plan.BackupStorage) engine.Handler { return &storageHandler{Backups: b, action: a} })
	engine.Handle(r, func(plan.BackupPrograms) engine.Handler { return &programsHandler{Backups: b} })
	engine.Handle(r, func(a plan.BackupAlone) engine.Handler { return &aloneHandler{Backups: b, action: a} })
	engine.Handle(r, func(a plan.BackedUp) engine.Handler { return &backedUpHandler{Backups: b, action: a} })
	engine.Handle(r, func(a plan.Restorable) engine.Handler { return &restorableHandler{Backups: b, action: a} })
	engine.Handle(r, func(a plan.Restored) engine.Handler { return &restoredHandler{Backups: b, action: a} })
	engine.Handle(r, func(a plan.ScratchRoom) engine.Handler { return &roomHandler{Backups: b, action: a} })
	engine.Handle(r, func(a plan.Verified) engine.Handler { return &verifiedHandler{Backups: b, action: a} })
	engine.Handle(r, func(a plan.DeletedBackups) engine.Handler { return &deletedHandler{Backups: b, action: a} })
}

// Names of the durable jobs.
const (
	backupJob  = "gpbackup"
	restoreJob = "gprestore"
)

// Backups are those of a cluster, and the jobs that make and restore them.
type Backups struct {
	kube   *kube.Client
	remote *remote.Pods
	db     *database.Database
	// opened is the bucket through a pod, whose connections are worth keeping.
	opened     *storage.Bucket
	openedFrom string
	opening    sync.Mutex
	// Made are the backups that this gpk has made, and Verified what it has counted.
	Made     []Backup
	Verified Verification
}

// New makes the backups of a cluster.
func New(k *kube.Client, r *remote.Pods, d *database.Database) *Backups {
	return &Backups{kube: k, remote: r, db: d}
}

// bucket is the storage as the acting coordinator's pod reaches it, and that coordinator.
func (b *Backups) bucket(ctx context.Context, c *topology.Cluster) (*storage.Bucket, database.Acting, error) {
	acting, err := b.db.RecentActing(ctx)
	if err != nil {
		return nil, acting, err
	}
	b.opening.Lock()
	defer b.opening.Unlock()
	if b.opened != nil && b.openedFrom == acting.Pod {
		return b.opened, acting, nil
	}
	if b.opened != nil {
		b.opened.Close()
	}
	b.opened, err = storage.Open(ctx, b.kube, b.remote, c, acting.Pod)
	b.openedFrom = acting.Pod
	return b.opened, acting, err
}

// Close ends the connections with the bucket.
func (b *Backups) Close() {
	if b.opened != nil {
		b.opened.Close()
	}
}

type storageHandler struct {
	engine.Nothing
	*Backups
	action plan.BackupStorage
}

// Check makes a request through the acting coordinator's pod.
func (h *storageHandler) Check(ctx context.Context) (engine.Finding, error) {
	bucket, _, err := h.bucket(ctx, h.action.Cluster)
	switch {
	case errors.Is(err, database.ErrNoCoordinator):
		return engine.BlockedBy(remote.Summary(err), "nothing was changed; ", plan.Gpk("start"), "; if the coordinator is lost, ",
			plan.Gpk("failover")), nil
	case err != nil:
		return engine.Finding{}, err
	}
	return engine.Finding{State: engine.Done}, bucket.Reach(ctx)
}

type programsHandler struct {
	engine.Nothing
	*Backups
}

// Check asks the image of the acting coordinator's pod, which all pods have.
func (h *programsHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		found, err := h.programs(ctx, acting.Pod)
		if err != nil {
			return engine.Finding{}, err
		}
		if missing := found.Missing(); len(missing) > 0 {
			return engine.BlockedBy("the image lacks "+engine.Few(missing),
				"use an image with gpbackup and gpbackup_s3_plugin; docs/image.md says where they are"), nil
		}
		return engine.Finding{State: engine.Done}, nil
	})
}

func (b *Backups) programs(ctx context.Context, pod string) (segments.BackupPrograms, error) {
	out, err := b.remote.Run(ctx, pod, segments.BackupScript("facts"))
	if err != nil {
		return segments.BackupPrograms{}, err
	}
	return segments.ParseBackupPrograms(out)
}

type aloneHandler struct {
	engine.Nothing
	*Backups
	action plan.BackupAlone
}

// Check finds jobs that an earlier gpk has started, and an expansion whose rows move.
func (h *aloneHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		jobs := map[string]string{backupJob: plan.BackupOperation, restoreJob: plan.RestoreOperation}
		for _, job := range []string{backupJob, restoreJob} {
			state, err := h.remote.Job(acting.Pod, job).State(ctx)
			if err != nil {
				return engine.Finding{}, err
			}
			if state.Phase == "running" && jobs[job] != h.action.Job {
				return engine.BlockedBy(fmt.Sprintf("%s has been running in pod %s since %s", job, acting.Pod, state.Since),
					"nothing was changed; wait for its end, then run this again"), nil
			}
		}
		return h.expansion(ctx, acting)
	})
}

// expansion is the finding about an expansion: gpbackup and gprestore refuse to run while gpexpand does.
func (h *aloneHandler) expansion(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	facts, err := h.db.ExpansionFacts(ctx, []database.PodDirs{{Pod: acting.Pod}})
	if err != nil {
		return engine.Finding{}, err
	}
	if found := facts[acting.Pod]; found.Runs || found.Setup != segments.NoSetup {
		return engine.BlockedBy("gpexpand is at work, or has not finished", "nothing was changed; run this again when the expansion is done: ",
			plan.Gpk("expand", "--resume")), nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// configured gives every pod with an instance that is up what the plugin needs, and gives their hosts.
func (b *Backups) configured(ctx context.Context, c *topology.Cluster, acting database.Acting) (hosts []string, err error) {
	key, err := storage.Key(ctx, b.kube, c)
	if err != nil {
		return nil, err
	}
	programs, err := b.programs(ctx, acting.Pod)
	if err != nil {
		return nil, err
	}
	files, err := segments.ConfigureBackup(c, key, programs.Plugin)
	if err != nil {
		return nil, err
	}
	command := segments.BackupScript("configure")
	if command.Stdin, err = remote.Archive(files); err != nil {
		return nil, err
	}
	pods := b.pods(acting)
	for _, pod := range pods {
		hosts = append(hosts, c.Host(pod))
	}
	return hosts, engine.Each(ctx, pods, func(ctx context.Context, _ int, pod string) error {
		_, err := b.remote.RunApart(ctx, pod, command)
		return err
	})
}

// pods are those of the coordinator and of all segments that act, each once.
func (b *Backups) pods(acting database.Acting) []string {
	pods := []string{acting.Pod}
	seen := map[string]bool{acting.Pod: true}
	for _, row := range acting.Catalogue {
		if row.Role == "p" && row.Up() && !seen[row.Pod()] {
			seen[row.Pod()] = true
			pods = append(pods, row.Pod())
		}
	}
	return pods
}

// clear removes the key from the pods, for a job that did not come to that itself.
func (b *Backups) clear(ctx context.Context, acting database.Acting) error {
	return engine.Each(ctx, b.pods(acting), func(ctx context.Context, _ int, pod string) error {
		_, err := b.remote.Run(ctx, pod, segments.BackupScript("clear"))
		return err
	})
}

// follow waits for the end of a job, whoever has started it, and gives what became of its requests.
func (b *Backups) follow(ctx context.Context, pod, job string, progress func(string)) ([]segments.BackupOutcome, error) {
	_, failure := b.remote.Job(pod, job).Finish(ctx, func(line string) {
		if told := segments.BackupProgress(line); told != "" {
			progress(told)
		}
	})
	if ctx.Err() != nil {
		return nil, failure
	}
	out, err := b.remote.Run(ctx, pod, segments.BackupScript("outcome", job))
	if err != nil {
		return nil, orElse(failure, err)
	}
	outcomes, err := segments.ParseOutcomes(out)
	return outcomes, orElse(failure, err)
}

func orElse(first, second error) error {
	if first != nil {
		return first
	}
	return second
}
