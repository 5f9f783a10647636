package topology_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"gpk/pkg/topology"
	"gpk/test/golden"
)

func TestSchema(t *testing.T) {
	got, err := topology.Schema()
	if err != nil {
		t.Fatal(err)
	}
	golden.Compare(t, "testdata/schema.golden", string(got)+"\n")
}

// What Load takes has a place in the schema, and every place is described. Kubernetes' own types are not looked into.
func TestSchemaHoldsEverything(t *testing.T) {
	data, err := topology.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	for _, path := range files(t, "testdata/good/*.yaml") {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var file map[string]any
		if err := yaml.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		holds(t, path, schema, file)
	}
}

func holds(t *testing.T, path string, schema, file map[string]any) {
	t.Helper()
	properties, ok := schema["properties"].(map[string]any)
	if !ok {
		return // a map of the user's own names
	}
	for name, value := range file {
		property, known := properties[name]
		if !known {
			t.Errorf("%s.%s is not in the schema", path, name)
			continue
		}
		if described, ok := property.(map[string]any); ok {
			if text, _ := described["description"].(string); text == "" {
				t.Errorf("%s.%s has no description", path, name)
			}
			if inner, ok := value.(map[string]any); ok {
				holds(t, path+"."+name, described, inner)
			}
			if allowed, ok := described["enum"].([]any); ok && !slices.Contains(allowed, value) {
				t.Errorf("%s.%s: %v is not one of %v", path, name, value, allowed)
			}
		}
	}
}

func TestStarter(t *testing.T) {
	for _, name := range []string{"demo", "sales", "null", "true"} {
		data, err := topology.Starter(name)
		if err != nil {
			t.Fatal(err)
		}
		c, err := topology.Load(data, "default")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if c.Metadata.Name != name {
			t.Errorf("the cluster is named %q, want %q", c.Metadata.Name, name)
		}
	}
	if _, err := topology.Starter("My: cluster"); err == nil {
		t.Error("a name that is no DNS label was taken")
	}
}
