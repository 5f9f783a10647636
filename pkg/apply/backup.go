package apply

import (
	"context"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/steps/backup"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// BackedUp is what a backup of one or more databases has made. Its JSON is stable.
type BackedUp struct {
	Outcome
	Backups []backup.Backup `json:"backups"`
}

// Backup backs up databases, all of them if none is named.
func Backup(ctx context.Context, t *Target, m Made, databases []string, request segments.BackupRequest, tell Observers) (BackedUp, error) {
	answer, err := t.Carry(ctx, BackupOperation(m, databases, request), tell)
	return BackedUp{answer.Outcome, t.backups.Made}, err
}

// BackupOperation is the operation of Backup, for a preview.
func BackupOperation(m Made, databases []string, request segments.BackupRequest) Operation {
	return Operation{made: m, plan: plan.Backup(m.Cluster, databases, request)}
}

// Restore restores a backup into a database.
func Restore(m Made, request segments.RestoreRequest) Operation {
	return Operation{made: m, plan: plan.Restore(m.Cluster, request)}
}

// VerifyBackup restores a backup into a scratch database, and says how many rows that had.
func VerifyBackup(ctx context.Context, t *Target, m Made, request segments.RestoreRequest, tell Observers) (backup.Verification, error) {
	_, err := t.Carry(ctx, Operation{made: m, plan: plan.VerifyBackup(m.Cluster, request)}, tell)
	return t.backups.Verified, err
}

// DeleteBackup deletes one backup.
func DeleteBackup(m Made, timestamp string) Operation {
	return Operation{made: m, plan: plan.DeleteBackups(m.Cluster, timestamp)}
}

// PruneBackups deletes old backups.
func PruneBackups(m Made, last, days int) Operation {
	return Operation{made: m, plan: plan.PruneBackups(m.Cluster, last, days)}
}

// Backups are those in the bucket of a cluster, the latest first.
func Backups(ctx context.Context, t *Target, m Made) ([]backup.Backup, error) {
	defer t.backups.Close()
	found, err := t.backups.List(ctx, m.Cluster)
	return found, asNext(err)
}

// ShowBackup is one backup, compared with its own table of contents.
func ShowBackup(ctx context.Context, t *Target, m Made, timestamp string) (backup.Backup, error) {
	defer t.backups.Close()
	found, err := t.backups.Show(ctx, m.Cluster, timestamp)
	return found, asNext(err)
}

// asNext is an error of a look that no step made, with what a person can do.
func asNext(err error) error {
	if blocking, ok := err.(engine.Blocking); ok { //nolint:errorlint // one that is wrapped says more than the finding
		return hint(err, blocking.Blocks().Next)
	}
	return err
}
