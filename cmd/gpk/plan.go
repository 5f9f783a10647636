package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

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
	var file string
	fileFlag(cmd, &file)
	imageFlag(cmd)
	manifests := cmd.Flags().String("manifests", "", "write the manifests to this folder, which must be new or empty")
	_ = cmd.MarkFlagDirname("manifests")
	cmd.RunE = func(*cobra.Command, []string) error {
		c, err := a.loadWithImage(file)
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
		all := planned{p, topology.New(c), topology.Settings(c)}
		return a.print(all, all.text(c))
	}
	return cmd
}

// planned is what `gpk plan -o json` prints.
type planned struct {
	plan.Plan
	Topology topology.Topology       `json:"topology"`
	Settings []topology.NamedSetting `json:"settings"`
}

func (p planned) text(c *topology.Cluster) string {
	var text table
	text.line("STEP\tCLASS\tWHAT")
	for _, step := range p.Steps {
		text.line("%s\t%s\t%s", step.ID, step.Class, step.Title)
	}
	text.line("\nCONTENT\tROLE\tDBID\tPOD\tPORT\tDIRECTORY")
	for _, i := range p.Topology.Instances {
		text.line("%d\t%s\t%d\t%s\t%d\t%s", i.Content, i.Role, i.DBID, i.Pod, i.Port, i.Dir)
	}
	text.line("\nCOMPONENT\tPODS\tREQUESTS\tLIMITS\tVOLUME\tCLASS")
	for _, group := range p.Topology.Groups {
		pods := c.GroupPods(group.Component)
		text.line("%s\t%d\t%s\t%s\t%s\t%s", group.Component, group.Replicas,
			amounts(pods.Resources.Requests), amounts(pods.Resources.Limits), pods.Storage.Size, ptr.Deref(pods.Storage.ClassName, "(default)"))
	}
	text.line("\nSETTING\tCOORDINATOR\tSEGMENT\tFROM")
	for _, s := range p.Settings {
		text.line("%s\t%s\t%s\t%s", s.Name, s.Coordinator, s.Segment, s.Why)
	}
	return text.String()
}

func amounts(list corev1.ResourceList) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(list)) {
		amount := list[name]
		all = append(all, string(name)+"="+amount.String())
	}
	return cmp.Or(strings.Join(all, ","), "-")
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
	if !different {
		return a.print(shown, "no changes\n")
	}
	return cmp.Or(a.print(shown, previewText(shown)), error(statusError(exitDifferences)))
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
