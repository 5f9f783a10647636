package backup

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/storage"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// The states of a backup.
const (
	// Complete: gpbackup has finished it, and says that it succeeded.
	Complete = "complete"
	// Incomplete: gpbackup has not finished it, or files are missing.
	Incomplete = "incomplete"
	// Failed: gpbackup says that it failed.
	Failed = "failed"
	// Unreadable: what gpbackup has written down of it is damaged.
	Unreadable = "unreadable"
)

// Backup is a backup of one database, as its bucket has it. Its JSON is stable.
type Backup struct {
	Timestamp string `json:"timestamp"`
	State     string `json:"state"`
	// Why is what is wrong with one that is not complete.
	Why      string `json:"why,omitempty"`
	Name     string `json:"name,omitempty"`
	Cluster  string `json:"cluster,omitempty"`
	Database string `json:"database,omitempty"`
	// Release is that of the database.
	Release  string `json:"release,omitempty"`
	Segments int    `json:"segments,omitempty"`
	// Incremental: it needs others, the earliest first.
	Incremental bool     `json:"incremental"`
	Needs       []string `json:"needs,omitempty"`
	// Tables and Rows are those whose data are in it, known only where the backup is shown.
	Tables int   `json:"tables,omitempty"`
	Rows   int64 `json:"rows,omitempty"`
	Files  int   `json:"files"`
	Bytes  int64 `json:"bytes"`

	config segments.BackupConfig
}

// List are the backups in the bucket of a cluster, the latest first.
func (b *Backups) List(ctx context.Context, c *topology.Cluster) ([]Backup, error) {
	bucket, _, err := b.bucket(ctx, c)
	if err != nil {
		return nil, err
	}
	return list(ctx, bucket)
}

func list(ctx context.Context, bucket *storage.Bucket) ([]Backup, error) {
	timestamps, err := bucket.Timestamps(ctx)
	if err != nil {
		return nil, err
	}
	found := make([]Backup, len(timestamps))
	err = engine.Each(ctx, timestamps, func(ctx context.Context, i int, timestamp string) (err error) {
		found[i], _, err = read(ctx, bucket, timestamp)
		return err
	})
	return found, err
}

// read is a backup by its files, and their names.
func read(ctx context.Context, bucket *storage.Bucket, timestamp string) (Backup, []string, error) {
	found := Backup{Timestamp: timestamp, State: Incomplete, Why: "gpbackup has not finished it"}
	files, err := bucket.Files(ctx, timestamp)
	if err != nil {
		return found, nil, err
	}
	names := make([]string, 0, len(files))
	for name, bytes := range files {
		names = append(names, name)
		found.Bytes += bytes
	}
	slices.Sort(names)
	found.Files = len(names)
	if slices.Contains(names, segments.BackupFile(timestamp, segments.NoteFile)) {
		text, err := bucket.File(ctx, timestamp, segments.NoteFile)
		if err != nil {
			return found, nil, err
		}
		var note segments.BackupNote
		if json.Unmarshal(text, &note) == nil {
			found.Name, found.Cluster = note.Name, note.Cluster
		}
	}
	if !slices.Contains(names, segments.BackupFile(timestamp, segments.ConfigFile)) {
		return found, names, nil
	}
	text, err := bucket.File(ctx, timestamp, segments.ConfigFile)
	if err != nil {
		return found, nil, err
	}
	return found.with(text, names), names, nil
}

// with is a backup with what gpbackup has written down of it.
func (b Backup) with(text []byte, names []string) Backup {
	config, err := segments.ParseBackupConfig(text)
	if err == nil && config.Timestamp != b.Timestamp {
		err = errors.New("config.yaml is about the backup " + config.Timestamp)
	}
	if err != nil {
		b.State, b.Why = Unreadable, err.Error()
		return b
	}
	b.config, b.Database, b.Release, b.Segments = config, config.DatabaseName, config.Release(), config.SegmentCount
	b.Incremental, b.Needs = config.Incremental, config.Needs()
	switch {
	case config.Failed():
		b.State, b.Why = Failed, "gpbackup says that it failed"
	case slices.Contains(names, segments.BackupFile(b.Timestamp, segments.ReportFile)):
		b.State, b.Why = Complete, ""
	}
	return b
}

// Show is one backup, with its contents compared with its files, and those of the backups that it needs.
func (b *Backups) Show(ctx context.Context, c *topology.Cluster, timestamp string) (Backup, error) {
	bucket, _, err := b.bucket(ctx, c)
	if err != nil {
		return Backup{}, err
	}
	shown, _, err := inspect(ctx, bucket, timestamp)
	return shown, err
}

// ErrNoBackup is that the bucket has nothing of a backup.
var ErrNoBackup = errors.New("the bucket has no such backup")

// inspect is a backup with what is missing of it and of those that it needs, and the tables that a restore brings.
func inspect(ctx context.Context, bucket *storage.Bucket, timestamp string) (Backup, contents, error) {
	found, has, err := inspectOne(ctx, bucket, timestamp)
	if err != nil || found.State != Complete {
		return found, has, err
	}
	all := contents{BackupTOC: has.BackupTOC}
	all.Tables = nil
	byTimestamp := map[string]contents{timestamp: has}
	for _, entry := range found.config.RestorePlan {
		if _, known := byTimestamp[entry.Timestamp]; !known && len(entry.Tables) > 0 {
			earlier, its, err := inspectOne(ctx, bucket, entry.Timestamp)
			switch {
			case errors.Is(err, ErrNoBackup):
				earlier = Backup{State: Incomplete, Why: "it does not exist"}
			case err != nil:
				return found, all, err
			}
			if earlier.State != Complete {
				found.State, found.Why = Incomplete, fmt.Sprintf("it needs the backup %s, which is %s: %s", entry.Timestamp, earlier.State, earlier.Why)
				return found, all, nil
			}
			byTimestamp[entry.Timestamp] = its
		}
		for _, table := range byTimestamp[entry.Timestamp].Tables {
			if slices.Contains(entry.Tables, table.Name) {
				all.Tables = append(all.Tables, table)
			}
		}
	}
	if found.config.RestorePlan == nil {
		all.Tables = has.Tables
	}
	found.Tables = len(all.Tables)
	for _, table := range all.Tables {
		if table.Replicated {
			table.Rows /= int64(max(1, found.Segments))
		}
		found.Rows += table.Rows
	}
	return found, all, nil
}

// contents are what a restore of a backup brings.
type contents struct {
	segments.BackupTOC
	// size is that of the database in bytes, 0 if it is not known.
	size int64
}

func inspectOne(ctx context.Context, bucket *storage.Bucket, timestamp string) (Backup, contents, error) {
	found, names, err := read(ctx, bucket, timestamp)
	switch {
	case err != nil:
		return found, contents{}, err
	case len(names) == 0:
		return found, contents{}, fmt.Errorf("%w: %s", ErrNoBackup, timestamp)
	case found.State != Complete:
		return found, contents{}, nil
	}
	text, err := bucket.File(ctx, timestamp, segments.TOCFile)
	if err != nil {
		return found, contents{}, err
	}
	if text == nil {
		found.State, found.Why = Incomplete, "its table of contents is missing"
		return found, contents{}, nil
	}
	toc, err := segments.ParseTOC(text)
	if err != nil {
		found.State, found.Why = Unreadable, err.Error()
		return found, contents{}, nil //nolint:nilerr // that is the finding
	}
	report, err := bucket.File(ctx, timestamp, segments.ReportFile)
	if err != nil {
		return found, contents{}, err
	}
	if missing := segments.MissingFiles(found.config, toc, names); len(missing) > 0 {
		found.State, found.Why = Incomplete, fmt.Sprintf("%d of its files are missing: %s", len(missing), engine.Few(missing))
	}
	return found, contents{toc, segments.ReportedSize(report)}, nil
}
