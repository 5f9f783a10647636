package plan

import (
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Names of the operations on backups.
const (
	BackupOperation  = "backup"
	RestoreOperation = "restore"
)

// Backup is the plan that backs up databases, all of them if none is named.
func Backup(c *topology.Cluster, databases []string, request segments.BackupRequest) Plan {
	return newPlan(BackupOperation, ref(c), lookAtBackups(c, BackupOperation), []Step{
		{"backup", "databases backed up", Converge, BackedUp{c, databases, request}},
	})
}

// Restore is the plan that restores a backup.
func Restore(c *topology.Cluster, request segments.RestoreRequest) Plan {
	return newPlan(RestoreOperation, ref(c), lookAtBackups(c, RestoreOperation), []Step{
		{"restorable", "backup that can be restored here", Converge, Restorable{c, request}},
		{"restore", "backup restored", Converge, Restored{c, request}},
	})
}

// VerifyBackup is the plan that restores a backup into a scratch database and counts its rows.
func VerifyBackup(c *topology.Cluster, request segments.RestoreRequest) Plan {
	return newPlan("backup verify", ref(c), lookAtBackups(c, RestoreOperation), []Step{
		{"restorable", "backup that can be restored here", Converge, Restorable{c, request}},
		{"room", "room for the scratch database", Converge, ScratchRoom{c, request.Timestamp}},
		{"verify", "rows of the backup counted", Converge, Verified{c, request}},
	})
}

// DeleteBackups is the plan that deletes a backup.
func DeleteBackups(c *topology.Cluster, timestamp string) Plan {
	return newPlan("backup delete", ref(c), lookAtBackups(c, ""), []Step{
		{"delete", "backup deleted", Destructive, DeletedBackups{Cluster: c, Timestamp: timestamp}},
	})
}

// PruneBackups is the plan that deletes old backups.
func PruneBackups(c *topology.Cluster, last, days int) Plan {
	return newPlan("backup prune", ref(c), lookAtBackups(c, ""), []Step{
		{"prune", "old backups deleted", Destructive, DeletedBackups{Cluster: c, KeepLast: last, KeepDays: days}},
	})
}

// lookAtBackups are the looks before an operation on backups. job is what may run already: the operation goes on with it.
func lookAtBackups(c *topology.Cluster, job string) []Step {
	return []Step{
		{"storage", "storage of the backups", Converge, BackupStorage{c}},
		{"programs", "programs for backups in the image", Converge, when(job != "", BackupPrograms{})},
		{"alone", "no other backup, restore or expansion", Converge, BackupAlone{job}},
	}
}

// BackupStorage finds out whether the bucket of the backups can be reached with its key.
type BackupStorage struct{ Cluster *topology.Cluster }

// BackupPrograms finds out whether the image has gpbackup, gprestore and their plugin.
type BackupPrograms struct{}

// BackupAlone finds out whether nothing runs that a backup or a restore must not meet. Job is the operation whose own job may run.
type BackupAlone struct{ Job string }

// BackedUp backs up databases, all of them if none is named.
type BackedUp struct {
	Cluster   *topology.Cluster
	Databases []string
	Request   segments.BackupRequest
}

// Restorable finds out whether a backup is whole and fits the cluster.
type Restorable struct {
	Cluster *topology.Cluster
	Request segments.RestoreRequest
}

// Restored restores a backup.
type Restored struct {
	Cluster *topology.Cluster
	Request segments.RestoreRequest
}

// ScratchRoom finds out whether the volumes have room for a backup once more.
type ScratchRoom struct {
	Cluster   *topology.Cluster
	Timestamp string
}

// Verified restores a backup into a scratch database, and compares the rows of each table with what gpbackup has counted.
type Verified struct {
	Cluster *topology.Cluster
	Request segments.RestoreRequest
}

// DeletedBackups deletes one backup, or all but the latest and the youngest, and never one that another backup needs.
type DeletedBackups struct {
	Cluster            *topology.Cluster
	Timestamp          string
	KeepLast, KeepDays int
}

func (BackupStorage) action()  {}
func (BackupStorage) looks()   {}
func (BackupPrograms) action() {}
func (BackupPrograms) looks()  {}
func (BackupAlone) action()    {}
func (BackupAlone) looks()     {}
func (BackedUp) action()       {}
func (Restorable) action()     {}
func (Restored) action()       {}
func (ScratchRoom) action()    {}
func (Verified) action()       {}
func (DeletedBackups) action() {}
