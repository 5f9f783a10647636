package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

func (a *app) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan -f cluster.yaml",
		Short: "Show what create would make, without asking any API server",
		Long: `plan shows the steps of create and where every instance would live. It needs no API server: what a cluster that is
there lacks is shown by create --dry-run.`,
	}
	file := cmd.Flags().StringP("filename", "f", "", "cluster.yaml, or - for standard input")
	cmd.RunE = func(*cobra.Command, []string) error {
		c, err := a.load(*file)
		if err != nil {
			return err
		}
		p, err := plan.Create(c)
		if err != nil {
			return err
		}
		if a.json() {
			return a.printJSON(planned{p, topology.New(c)})
		}
		return a.printPlan(p, topology.New(c))
	}
	return cmd
}

// planned is what `gpk plan -o json` prints.
type planned struct {
	plan.Plan
	Topology topology.Topology `json:"topology"`
}

func (a *app) printPlan(p plan.Plan, t topology.Topology) error {
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "STEP\tCLASS\tWHAT\n")
	for _, step := range p.Steps {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", step.ID, step.Class, step.Title)
	}
	_, _ = fmt.Fprintf(table, "\nCONTENT\tROLE\tDBID\tPOD\tPORT\tDIRECTORY\n")
	for _, i := range t.Instances {
		_, _ = fmt.Fprintf(table, "%d\t%s\t%d\t%s\t%d\t%s\n", i.Content, i.Role, i.DBID, i.Pod, i.Port, i.Dir)
	}
	return table.Flush()
}

// preview prints what every step would find, and ends with exit status 3 if there is something to do.
func (a *app) preview(ctx context.Context, target *apply.Target, p plan.Plan) error {
	previews, err := target.Preview(ctx, p)
	if err != nil {
		return err
	}
	different := false
	shown := make([]previewed, 0, len(previews))
	for _, preview := range previews {
		different = different || preview.Finding.State != apply.Done
		shown = append(shown, previewed{preview.Step.ID, preview.Step.Title, preview.Finding.State, preview.Finding.Details})
	}
	if a.json() {
		err = a.printJSON(shown)
	} else {
		err = a.printPreview(shown, different)
	}
	if err == nil && different {
		return statusError(exitDifferences)
	}
	return err
}

// previewed is one step of what --dry-run -o json prints.
type previewed struct {
	Step    string      `json:"step"`
	Title   string      `json:"title"`
	State   apply.State `json:"state"`
	Details []string    `json:"details,omitempty"`
}

func (a *app) printPreview(steps []previewed, different bool) error {
	if !different {
		_, err := fmt.Fprintln(a.out, "no changes")
		return err
	}
	for _, step := range steps {
		if _, err := fmt.Fprintf(a.out, "%-8s %s\n", step.State, step.Title); err != nil {
			return err
		}
		for _, detail := range step.Details {
			if _, err := fmt.Fprintf(a.out, "         - %s\n", detail); err != nil {
				return err
			}
		}
	}
	return nil
}
