package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
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

// subject is the cluster that a command changes, or with dryRun would change.
type subject struct {
	target *apply.Target
	made   apply.Made
	dryRun bool
}

// changes has a command find its cluster and change it.
func (a *app) changes(cmd *cobra.Command, change func(context.Context, subject) error) {
	dryRun := dryRunFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		target, made, err := a.made(cmd.Context())
		if err != nil {
			return err
		}
		return change(cmd.Context(), subject{target, made, *dryRun})
	}
}

// sentences are what people read after an operation: what there is now, or that there was nothing to do.
type sentences struct{ done, same string }

// operate runs an operation, or with dryRun shows what it would do, and tells what to change in cluster.yaml.
func (a *app) operate(ctx context.Context, on subject, o apply.Operation, err error, say sentences) error {
	if err != nil {
		return err
	}
	if on.dryRun {
		return a.preview(on.target.PreviewOperation(ctx, o))
	}
	answer, err := observed(a, func(tell apply.Observers) (apply.Operated, error) { return on.target.Carry(ctx, o, tell) })
	if err != nil {
		return err
	}
	return a.print(answer, a.operatedText(answer, say))
}

func (a *printer) operatedText(answer apply.Operated, say sentences) string {
	text := say.done
	if answer.Changed == 0 {
		text = say.same
	}
	if answer.Downtime > 0 {
		text += fmt.Sprintf("; the database was down for %.1f s", answer.Downtime)
	}
	if len(answer.Restart) > 0 {
		restart := engine.Next(strings.Join(answer.Restart, ", "), " take effect at a restart: run ", plan.Gpk("restart"))
		text += "\n" + a.shown(restart)
	}
	if answer.Stopped {
		text += "\n" + a.shown(engine.Next("the database is stopped, and starts with these settings: run ", plan.Gpk("start")))
	}
	return text + "\n" + fileChanges(answer.ClusterYAML)
}

func fileChanges(changes []plan.Difference) string {
	var text strings.Builder
	for i, change := range changes {
		if i == 0 {
			text.WriteString("to change in cluster.yaml:\n")
		}
		fmt.Fprintf(&text, "  %s: %s → %s\n", change.Field, value(change.From), value(change.To))
	}
	return text.String()
}

// preview prints what every step would find, and ends with exit status 3 if there is something to do.
func (a *printer) preview(previews []engine.Preview, err error) error {
	if err != nil {
		return err
	}
	different := false
	shown := make([]previewed, 0, len(previews))
	for _, preview := range previews {
		different = different || preview.Finding.State != engine.Done
		shown = append(shown, a.previewed(preview))
	}
	if !different {
		return a.print(shown, "no changes\n")
	}
	return cmp.Or(a.print(shown, previewText(shown)), error(statusError(exitDifferences)))
}

func (a *printer) previewed(preview engine.Preview) previewed {
	found := preview.Finding
	details := slices.Concat(found.Details, found.Notes)
	return previewed{preview.Step.ID, preview.Step.Title, found.State, details, a.shown(found.Next)}
}

// previewed is one step of what --dry-run -o json prints.
type previewed struct {
	Step    string       `json:"step"`
	Title   string       `json:"title"`
	State   engine.State `json:"state"`
	Details []string     `json:"details,omitempty"`
	// Next is what a person can do about a step that is blocked.
	Next string `json:"next,omitempty"`
}

func previewText(steps []previewed) string {
	var text strings.Builder
	for _, step := range steps {
		fmt.Fprintf(&text, "%-8s %s\n", step.State, step.Title)
		for _, detail := range step.Details {
			fmt.Fprintf(&text, "         - %s\n", detail)
		}
		if step.Next != "" {
			fmt.Fprintf(&text, "         next: %s\n", step.Next)
		}
	}
	return text.String()
}

// dryRunFlag is the flag of every command that changes a cluster.
func dryRunFlag(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("dry-run", false, "only show what the command would do; exit status 3 if it would do anything")
}

// capacityFlag is the flag of commands that make pods or make them larger.
func capacityFlag(cmd *cobra.Command, skip *bool) {
	cmd.Flags().BoolVar(skip, "skip-capacity", false, "skip the capacity check (for clusters with an autoscaler)")
}
