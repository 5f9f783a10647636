package plan_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/golden"
)

// shapes are the clusters of testdata.
func shapes() []string { return []string{"one", "mirrored", "wide"} }

func load(t *testing.T, shape string) *topology.Cluster {
	t.Helper()
	c, err := topology.LoadFile(filepath.Join("testdata", shape+".yaml"), "default")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func create(t *testing.T, c *topology.Cluster) plan.Plan {
	t.Helper()
	p, err := plan.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// manifests are all objects of a plan: those of its waves, and the Secret.
func manifests(p plan.Plan) []plan.Object {
	var objects []plan.Object
	for _, step := range p.Steps {
		switch action := step.Action.(type) {
		case plan.Apply:
			objects = append(objects, action.Objects...)
		case plan.Keys:
			objects = append(objects, action.Secret)
		}
	}
	return objects
}

func asYAML(t *testing.T, value any) string {
	t.Helper()
	data, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// documents are manifests as a person would review them. The scripts are in files of their own and are left out.
func documents(t *testing.T, objects []plan.Object) string {
	var b strings.Builder
	for _, object := range objects {
		if config, ok := object.(*corev1.ConfigMap); ok {
			object = config.DeepCopy()
			for name := range config.Data {
				object.(*corev1.ConfigMap).Data[name] = "templates/scripts/" + name
			}
		}
		b.WriteString("---\n" + asYAML(t, object))
	}
	return b.String()
}

// outline is a plan as a person would review it: every step with what it is to achieve.
func outline(t *testing.T, p plan.Plan) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s/%s\n", p.Operation, p.Cluster.Namespace, p.Cluster.Name)
	for _, step := range p.Steps {
		fmt.Fprintf(&b, "\n%s (%s): %s\n", step.ID, step.Class, step.Title)
		var what string
		switch action := step.Action.(type) {
		case plan.Apply:
			what = names(action.Objects)
		case plan.Admissible:
			for _, set := range action.Sets {
				what += names([]plan.Object{set})
			}
		case plan.Keys:
			what = names([]plan.Object{action.Secret}) + asYAML(t, action.Files)
		case plan.Initialise:
			what = asYAML(t, action.Utility)
		case plan.Authentication:
			what = "coordinators\n" + action.Coordinators + "segments\n" + action.Segments
		case plan.Database:
			what = fmt.Sprintf("Name: %s\n", action.Name)
		default:
			what = asYAML(t, action)
		}
		fmt.Fprintf(&b, "  %T\n", step.Action)
		for line := range strings.Lines(what) {
			b.WriteString("  " + line)
		}
	}
	return b.String()
}

func names(objects []plan.Object) string {
	var b strings.Builder
	for _, object := range objects {
		b.WriteString(object.GetObjectKind().GroupVersionKind().Kind + "/" + object.GetName() + "\n")
	}
	return b.String()
}

func TestCreate(t *testing.T) {
	for _, shape := range shapes() {
		t.Run(shape, func(t *testing.T) {
			p := create(t, load(t, shape))
			golden.Compare(t, "testdata/"+shape+".plan.golden", outline(t, p))
			golden.Compare(t, "testdata/"+shape+".manifests.golden.yaml", documents(t, manifests(p)))
		})
	}
}

func TestDelete(t *testing.T) {
	ref := plan.Ref{Namespace: "analytics", Name: "demo"}
	golden.Compare(t, "testdata/delete.plan.golden", outline(t, plan.Delete(ref, false)))
	golden.Compare(t, "testdata/delete-data.plan.golden", outline(t, plan.Delete(ref, true)))
}
