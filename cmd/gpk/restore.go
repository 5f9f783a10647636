package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/segments"
)

func (a *app) restoreCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restore TIMESTAMP",
		Short: "Restore a backup into a database",
		Long: `restore has gprestore restore a backup, into the database that it was made of or into another one. --create-db makes the
database; without it the database must exist, and must not have the tables of the backup. The cluster may have more or fewer
segments than the one that was backed up.

Before anything is changed, gpk compares the files of the backup with its table of contents. gprestore runs in the acting
coordinator's pod and continues there when gpk ends; the same command then follows it.`,
		Example: `  gpk restore 20260131040000 --create-db
  gpk restore 20260131040000 --into sales_january --create-db
  gpk restore 20260131040000 --tables public.orders --into sales`,
		Annotations: map[string]string{endless: "a large database takes many hours"},
	}
	var request segments.RestoreRequest
	flags := cmd.Flags()
	flags.StringVar(&request.Into, "into", "", "database to restore into (default: the one that was backed up)")
	flags.BoolVar(&request.CreateDatabase, "create-db", false, "make the database")
	flags.StringArrayVar(&request.Tables, "tables", nil, "only this table, SCHEMA.TABLE; may be given more than once")
	jobs := jobsFlag(cmd)
	dryRun := dryRunFlag(cmd)
	a.aboutBackup(cmd, func(cmd *cobra.Command, timestamp string) error {
		request.Timestamp, request.Jobs = timestamp, *jobs
		if err := checkRestore(request); err != nil {
			return err
		}
		return a.restore(cmd.Context(), request, *dryRun)
	})
	return cmd
}

// checkRestore refuses what gprestore cannot work with, all of it at once.
func checkRestore(r segments.RestoreRequest) error {
	var faults []string
	if r.Jobs < 1 || r.Jobs > 64 {
		faults = append(faults, fmt.Sprintf("--jobs %d: give a number from 1 to 64", r.Jobs))
	}
	for _, table := range r.Tables {
		if !strings.Contains(table, ".") {
			faults = append(faults, fmt.Sprintf("the table %q is not SCHEMA.TABLE", table))
		}
	}
	if strings.ContainsAny(strings.Join(append(r.Tables, r.Into), ""), "\r\n") {
		faults = append(faults, "a name has a newline in it")
	}
	if len(faults) > 0 {
		return usage("%s", strings.Join(faults, "; "))
	}
	return nil
}

func (a *app) restore(ctx context.Context, request segments.RestoreRequest, dryRun bool) error {
	target, m, err := a.made(ctx)
	if err != nil {
		return err
	}
	into := "its database"
	if request.Into != "" {
		into = "database " + request.Into
	}
	return a.operate(ctx, subject{target, m, dryRun}, apply.Restore(m, request), nil,
		sentences{done: "backup " + request.Timestamp + " is restored into " + into + "; gather its statistics with analyze"})
}
