package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

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

// writeManifests writes each object of a plan as a file of an empty folder. Sorted by name, the files are in the order in
// which gpk applies them: objects that gpk applies at once share a number.
func writeManifests(dir string, p plan.Plan) (int, error) {
	if err := emptyDir(dir); err != nil {
		return 0, err
	}
	wave, written := 0, 0
	for _, step := range p.Steps {
		action, ok := step.Action.(plan.Apply)
		if !ok {
			continue
		}
		wave += 10
		for _, object := range action.Objects {
			data, err := manifest(object)
			if err != nil {
				return written, err
			}
			kind := strings.ToLower(object.GetObjectKind().GroupVersionKind().Kind)
			if err := writeNew(filepath.Join(dir, fmt.Sprintf("%03d-%s-%s.yaml", wave, kind, object.GetName())), data); err != nil {
				return written, err
			}
			written++
		}
	}
	return written, nil
}

// emptyDir makes a folder, unless it is there. One with something in it is refused: files of an earlier plan would be
// taken for some of this one.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = os.MkdirAll(dir, 0o755) //nolint:gosec // a folder for everybody to read
	case err == nil && len(entries) > 0:
		return hint(usage("%s is not empty", dir), "name a new or an empty folder")
	}
	if err != nil {
		return usageError{err}
	}
	return nil
}

// manifest is an object as a person would write it: without a status, which is the server's.
func manifest(object plan.Object) ([]byte, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", object.GetName(), err)
	}
	delete(fields, "status")
	claims, found, err := unstructured.NestedFieldNoCopy(fields, "spec", "volumeClaimTemplates")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", object.GetName(), err)
	}
	if found {
		for _, claim := range claims.([]any) {
			delete(claim.(map[string]any), "status")
		}
	}
	return yaml.Marshal(fields)
}
