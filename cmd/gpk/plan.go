package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

func (a *app) planCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan -f cluster.yaml",
		Short: "Show what create would make, without an API server",
		Long: `plan shows the steps of create, the pod of every instance, the pods' resources, and the server settings with the source of
each. With --manifests it writes the objects to files. It needs no API server. For a cluster that exists already, gpk diff
and gpk create --dry-run show what it lacks.`,
		Example: "  gpk plan -f cluster.yaml\n  gpk plan -f cluster.yaml --manifests out/",
	}
	file := cmd.Flags().StringP("filename", "f", "", "cluster.yaml, or - for standard input")
	cmd.Flags().String("image", "", "image to use instead of the file's")
	manifests := cmd.Flags().String("manifests", "", "write the manifests to this folder, which must be new or empty")
	cmd.RunE = func(*cobra.Command, []string) error {
		c, err := a.loadWithImage(*file)
		if err != nil {
			return err
		}
		p, err := plan.Create(c)
		if err != nil {
			return err
		}
		if *manifests != "" {
			count, err := writeManifests(*manifests, p)
			if err == nil {
				_, err = fmt.Fprintf(a.err, "%d manifests are in %s\n", count, *manifests)
			}
			return err
		}
		if a.json() {
			return a.printJSON(planned{p, topology.New(c), topology.Settings(c)})
		}
		return a.printPlan(p, c)
	}
	return cmd
}

// planned is what `gpk plan -o json` prints.
type planned struct {
	plan.Plan
	Topology topology.Topology       `json:"topology"`
	Settings []topology.NamedSetting `json:"settings"`
}

func (a *printer) printPlan(p plan.Plan, c *topology.Cluster) error {
	t := topology.New(c)
	table := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "STEP\tCLASS\tWHAT\n")
	for _, step := range p.Steps {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", step.ID, step.Class, step.Title)
	}
	_, _ = fmt.Fprintf(table, "\nCONTENT\tROLE\tDBID\tPOD\tPORT\tDIRECTORY\n")
	for _, i := range t.Instances {
		_, _ = fmt.Fprintf(table, "%d\t%s\t%d\t%s\t%d\t%s\n", i.Content, i.Role, i.DBID, i.Pod, i.Port, i.Dir)
	}
	_, _ = fmt.Fprintf(table, "\nCOMPONENT\tPODS\tREQUESTS\tLIMITS\tVOLUME\tCLASS\n")
	for _, group := range t.Groups {
		pods := c.GroupPods(group.Component)
		_, _ = fmt.Fprintf(table, "%s\t%d\t%s\t%s\t%s\t%s\n", group.Component, group.Replicas,
			amounts(pods.Resources.Requests), amounts(pods.Resources.Limits), pods.Storage.Size, class(pods.Storage.ClassName))
	}
	_, _ = fmt.Fprintf(table, "\nSETTING\tCOORDINATOR\tSEGMENT\tFROM\n")
	for _, s := range topology.Settings(c) {
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Name, s.Coordinator, s.Segment, s.Why)
	}
	return table.Flush()
}

func amounts(list corev1.ResourceList) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(list)) {
		amount := list[name]
		all = append(all, string(name)+"="+amount.String())
	}
	return cmp.Or(strings.Join(all, ","), "-")
}

func class(name *string) string {
	if name == nil {
		return "(default)"
	}
	return *name
}

// preview prints what every step would find, and ends with exit status 3 if there is something to do.
func (a *printer) preview(previews []engine.Preview, err error) error {
	if err != nil {
		return err
	}
	different := false
	shown := make([]previewed, 0, len(previews))
	for _, preview := range previews {
		found := preview.Finding
		different = different || found.State != engine.Done
		shown = append(shown, previewed{preview.Step.ID, preview.Step.Title, found.State, found.Details, a.shown(found.Next)})
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
	Step    string       `json:"step"`
	Title   string       `json:"title"`
	State   engine.State `json:"state"`
	Details []string     `json:"details,omitempty"`
	// Next is what a person can do about a step that is blocked.
	Next string `json:"next,omitempty"`
}

func (a *printer) printPreview(steps []previewed, different bool) error {
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
		if step.Next != "" {
			if _, err := fmt.Fprintf(a.out, "         next: %s\n", step.Next); err != nil {
				return err
			}
		}
	}
	return nil
}
