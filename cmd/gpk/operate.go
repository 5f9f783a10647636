package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// made finds the cluster that is named, or the only one of the namespace, and what it was made from.
func (a *finder) made(ctx context.Context) (*apply.Target, apply.Made, error) {
	target, err := a.existing(ctx)
	if err != nil {
		return nil, apply.Made{}, err
	}
	made, err := target.Made(ctx)
	return target, made, err
}

// sentences are what people are told of an operation: what there is now, or that there was nothing to do.
type sentences struct{ done, same engine.Advice }

// operate carries an operation out, or with dryRun says what there is to do, and tells what to change in cluster.yaml.
func (a *app) operate(ctx context.Context, target *apply.Target, o apply.Operation, dryRun bool, say sentences) error {
	if dryRun {
		previews, err := target.PreviewOperation(ctx, o)
		return a.preview(previews, err)
	}
	progress := a.progress()
	defer progress.stop()
	answer, err := target.Carry(ctx, o, progress.observers())
	progress.stop()
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(answer)
	}
	lines := []string{a.shown(say.done)}
	if answer.Changed == 0 {
		lines[0] = a.shown(say.same)
	}
	if answer.Downtime > 0 {
		lines[0] += fmt.Sprintf("; the database was down for %.1f s", answer.Downtime)
	}
	if len(answer.Restart) > 0 {
		lines = append(lines, a.shown(engine.Next(strings.Join(answer.Restart, ", "), " take effect at a restart: run ", plan.RestartCommand())))
	}
	if _, err := fmt.Fprintln(a.out, strings.Join(lines, "\n")); err != nil {
		return err
	}
	return a.tellFile(answer.ClusterYAML)
}

// tellFile says what to change in cluster.yaml so that it says what the cluster is now.
func (a *printer) tellFile(changes []plan.Difference) error {
	for i, change := range changes {
		if i == 0 {
			if _, err := fmt.Fprintln(a.out, "to change in cluster.yaml:"); err != nil {
				return err
			}
		}
		if _, err := fmt.Fprintf(a.out, "  %s: %s → %s\n", change.Field, value(change.From), value(change.To)); err != nil {
			return err
		}
	}
	return nil
}

// dryRunFlag is the flag of every command that changes a cluster.
func dryRunFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("dry-run", false, "only show what the command would do; exit status 3 if it would do anything")
}
