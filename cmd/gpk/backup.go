package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/steps/backup"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

type backupFlags struct {
	segments.BackupRequest
	databases []string
}

func (a *app) backupCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Back up databases, and list, verify and delete backups",
		Long: `backup has gpbackup back up databases into the bucket of spec.backup.storage.s3, each in a backup of its own. Without --database
it backs up all databases but Greenplum's own.

gpbackup runs in the acting coordinator's pod and continues there when gpk ends; the same command then follows it. When it has
ended, gpk compares the files in the bucket with gpbackup's table of contents, and prints the timestamps of the backups.

--incremental leaves out the append-optimized tables that have not changed since the latest backup with the same filters.`,
		Example: "  gpk backup\n  gpk backup --database sales --incremental --jobs 8\n" +
			"  gpk backup --database sales --include-table public.orders --name before-migration",
		Args: cobra.NoArgs,
		Annotations: map[string]string{
			endless: "a large database takes many hours"},
	}
	var f backupFlags
	flags := cmd.Flags()
	flags.StringArrayVar(&f.databases, "database", nil, "database to back up; may be given more than once")
	flags.BoolVar(&f.Incremental, "incremental", false, "leave out append-optimized tables that have not changed")
	flags.StringArrayVar(&f.IncludeTables, "include-table", nil, "only this table, SCHEMA.TABLE; may be given more than once")
	flags.StringArrayVar(&f.ExcludeTables, "exclude-table", nil, "not this table, SCHEMA.TABLE; may be given more than once")
	flags.StringArrayVar(&f.IncludeSchemas, "include-schema", nil, "only this schema; may be given more than once")
	flags.StringArrayVar(&f.ExcludeSchemas, "exclude-schema", nil, "not this schema; may be given more than once")
	flags.StringVar(&f.Name, "name", "", "name of the backups, which backup list shows")
	flags.IntVar(&f.Jobs, "jobs", 4, "number of tables to copy at a time, 1 to 64")
	flags.StringVar(&f.Compression, "compression", "gzip", "gzip, zstd or none")
	flags.IntVar(&f.Level, "compression-level", 0, "level of the compression (default: gpbackup's)")
	flags.BoolVar(&f.SingleFile, "single-data-file", false, "one file of all tables for each segment")
	excludes(cmd, "single-data-file", "jobs")
	excludes(cmd, "include-table", "exclude-table", "include-schema", "exclude-schema")
	excludes(cmd, "exclude-schema", "include-schema", "exclude-table")
	cmd.PreRunE = func(*cobra.Command, []string) error { return f.check() }
	a.changes(cmd, func(ctx context.Context, on subject) error {
		if on.dryRun {
			return a.preview(on.target.PreviewOperation(ctx, apply.BackupOperation(on.made, f.databases, f.BackupRequest)))
		}
		answer, err := observed(a, func(tell apply.Observers) (apply.BackedUp, error) {
			return apply.Backup(ctx, on.target, on.made, f.databases, f.BackupRequest, tell)
		})
		if err != nil {
			return err
		}
		return a.print(answer, backedUpText(answer.Backups))
	})
	cmd.AddCommand(a.backupListCommand(), a.backupShowCommand(), a.backupVerifyCommand(), a.backupDeleteCommand(), a.backupPruneCommand())
	return cmd
}

// check refuses flags that gpbackup cannot work with, all of them at once.
func (f *backupFlags) check() error {
	var faults []string
	if f.Jobs < 1 || f.Jobs > 64 {
		faults = append(faults, fmt.Sprintf("--jobs %d: give a number from 1 to 64", f.Jobs))
	}
	if known := []string{"gzip", "zstd", "none"}; !slices.Contains(known, f.Compression) {
		faults = append(faults, fmt.Sprintf("--compression %s: give one of %s", f.Compression, strings.Join(known, ", ")))
	}
	if most := map[string]int{"gzip": 9, "zstd": 19}[f.Compression]; f.Level < 0 || f.Level > most {
		faults = append(faults, fmt.Sprintf("--compression-level %d: give a number from 1 to %d", f.Level, most))
	}
	for _, table := range slices.Concat(f.IncludeTables, f.ExcludeTables) {
		if !strings.Contains(table, ".") {
			faults = append(faults, fmt.Sprintf("the table %q is not SCHEMA.TABLE", table))
		}
	}
	for _, text := range slices.Concat(f.IncludeTables, f.ExcludeTables, f.IncludeSchemas, f.ExcludeSchemas, []string{f.Name}) {
		if strings.ContainsAny(text, "\r\n") {
			faults = append(faults, fmt.Sprintf("%q has a newline in it", text))
		}
	}
	if len(faults) > 0 {
		return usage("%s", strings.Join(faults, "; "))
	}
	return nil
}

func backedUpText(made []backup.Backup) string {
	var text strings.Builder
	for _, b := range made {
		fmt.Fprintf(&text, "backup %s of %s is complete: %s, %s, %s\n", b.Timestamp, b.Database, counted(b.Tables, "table"),
			counted(int(b.Rows), "row"), segments.Size(b.Bytes))
	}
	return text.String()
}

func (a *app) backupListCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "list",
		Short:   "List the backups in the bucket",
		Long:    `list reads the backups from the bucket, the latest first. It shows those that are not complete as well.`,
		Example: "  gpk backup list\n  gpk backup list -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			target, m, err := a.made(cmd.Context())
			if err != nil {
				return err
			}
			found, err := apply.Backups(cmd.Context(), target, m)
			if err != nil {
				return err
			}
			if len(found) == 0 {
				return a.print([]backup.Backup{}, "the bucket has no backups\n")
			}
			var text table
			text.line("TIMESTAMP\tDATABASE\tSTATE\tKIND\tSEGMENTS\tSIZE\tNAME")
			for _, b := range found {
				text.line("%s\t%s\t%s\t%s\t%d\t%s\t%s", b.Timestamp, printable(b.Database), b.State, kindOf(b), b.Segments, segments.Size(b.Bytes),
					printable(b.Name))
			}
			return a.print(found, text.String())
		},
	}
}

func kindOf(b backup.Backup) string {
	switch {
	case b.Database == "":
		return "-"
	case b.Incremental:
		return "incremental"
	}
	return "full"
}

func (a *app) backupShowCommand() *cobra.Command {
	return a.aboutBackup(&cobra.Command{
		Use:     "show TIMESTAMP",
		Short:   "Show a backup, and whether it is complete",
		Long:    `show compares the files of a backup with gpbackup's table of contents, and those of the backups that it needs.`,
		Example: "  gpk backup show 20260131040000",
	}, func(cmd *cobra.Command, timestamp string) error {
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		b, err := apply.ShowBackup(cmd.Context(), target, m, timestamp)
		if err != nil {
			return hint(err, plan.Gpk("backup", "list"), " shows what there is")
		}
		var text table
		text.line("backup\t%s", b.Timestamp)
		text.line("state\t%s", strings.TrimSuffix(b.State+": "+b.Why, ": "))
		text.line("database\t%s", printable(b.Database))
		text.line("kind\t%s", kindOf(b))
		if len(b.Needs) > 0 {
			text.line("needs\t%s", strings.Join(b.Needs, ", "))
		}
		text.line("made by\t%s, on %s, release %s", printable(b.Cluster), counted(b.Segments, "segment"), b.Release)
		if b.Name != "" {
			text.line("name\t%s", printable(b.Name))
		}
		text.line("contents\t%s, %s, in %s of %s", counted(b.Tables, "table"), counted(int(b.Rows), "row"), counted(b.Files, "file"),
			segments.Size(b.Bytes))
		return a.print(b, text.String())
	})
}

// aboutBackup is a command whose argument is the timestamp of a backup.
func (a *app) aboutBackup(cmd *cobra.Command, run func(*cobra.Command, string) error) *cobra.Command {
	cmd.Args = cobra.ExactArgs(1)
	cmd.PreRunE = func(_ *cobra.Command, args []string) error {
		if !segments.IsTimestamp(args[0]) {
			return usage("%q is not the timestamp of a backup, such as 20260131040000", args[0])
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, args []string) error { return run(cmd, args[0]) }
	return cmd
}

func (a *app) backupVerifyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify TIMESTAMP",
		Short: "Restore a backup into a scratch database, and count its rows",
		Long: `verify looks whether the volumes have room, restores the backup into the database gpk_verify_TIMESTAMP, and compares the rows of
each table with those that gpbackup has counted. The job drops that database, also if gpk is killed. Exit status 1 if a table
has another number of rows.`,
		Example:     "  gpk backup verify 20260131040000",
		Annotations: map[string]string{endless: "a large database takes many hours"},
	}
	jobs := jobsFlag(cmd)
	return a.aboutBackup(cmd, func(cmd *cobra.Command, timestamp string) error {
		target, m, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		request := segments.RestoreRequest{Timestamp: timestamp, Jobs: *jobs}
		v, err := observed(a, func(tell apply.Observers) (backup.Verification, error) {
			return apply.VerifyBackup(cmd.Context(), target, m, request, tell)
		})
		if err != nil {
			return err
		}
		if len(v.Different) > 0 {
			if a.json() {
				_ = a.print(v, "")
			}
			return hint(fmt.Errorf("the backup %s is not what it should be: %s", timestamp, engine.Few(v.Different)),
				"make another one: ", plan.Gpk("backup"))
		}
		return a.print(v, fmt.Sprintf("backup %s can be restored: %s with %s, as gpbackup counted them\n", timestamp, counted(v.Tables, "table"),
			counted(int(v.Rows), "row")))
	})
}

func jobsFlag(cmd *cobra.Command) *int {
	return cmd.Flags().Int("jobs", 4, "number of tables to restore at a time, 1 to 64")
}

func (a *app) backupDeleteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "delete TIMESTAMP",
		Short:   "Delete a backup from the bucket",
		Long:    `delete removes the files of a backup for ever. It refuses if another backup needs it. It asks first, or takes --yes.`,
		Example: "  gpk backup delete 20260131040000 --yes",
	}
	dryRun := dryRunFlag(cmd)
	return a.aboutBackup(cmd, func(cmd *cobra.Command, timestamp string) error {
		return a.deletes(cmd.Context(), *dryRun, "the backup "+timestamp,
			func(m apply.Made) apply.Operation { return apply.DeleteBackup(m, timestamp) },
			sentences{done: "backup " + timestamp + " is deleted", same: "the bucket has nothing of the backup " + timestamp})
	})
}

func (a *app) backupPruneCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "prune",
		Short: "Delete old backups from the bucket",
		Long: `prune keeps of each database the latest complete backups (--keep-last) and those of the last days (--keep-days), and all that
an incremental backup among them needs. It deletes all others of the folder for ever, those that are not complete too. It asks
first, or takes --yes. --dry-run shows which.`,
		Example: "  gpk backup prune --keep-last 7 --dry-run\n  gpk backup prune --keep-last 7 --keep-days 30 --yes",
		Args:    cobra.NoArgs,
	}
	last := cmd.Flags().Int("keep-last", 0, "number of complete backups to keep of each database")
	days := cmd.Flags().Int("keep-days", 0, "number of days whose backups to keep")
	dryRun := dryRunFlag(cmd)
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *last < 0 || *days < 0 || *last == 0 && *days == 0 {
			return usage("give --keep-last or --keep-days, or both, with a number above 0")
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return a.deletes(cmd.Context(), *dryRun, "old backups", func(m apply.Made) apply.Operation { return apply.PruneBackups(m, *last, *days) },
			sentences{done: "old backups are deleted", same: "no changes: no backup is old enough"})
	}
	return cmd
}

// deletes carries out an operation that deletes backups, once a person has agreed.
func (a *app) deletes(ctx context.Context, dryRun bool, what string, of func(apply.Made) apply.Operation, say sentences) error {
	target, m, err := a.made(ctx)
	if err != nil {
		return err
	}
	agreed := dryRun || a.settings.GetBool("yes") ||
		a.answer(fmt.Sprintf("This deletes %s of %s for ever. Type yes to continue:", what, m.Ref.Name)) == "yes"
	if !agreed {
		return hint(usage("the deletion of %s was not confirmed: nothing was deleted", what), "run this again with --yes")
	}
	return a.operate(ctx, subject{target, m, dryRun}, of(m), nil, say)
}
