package topology_test

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
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

// What need not be given may stand in the file without a value, or empty where its description says what that means: both for
// the schema and for Load.
func TestSchemaOfNothing(t *testing.T) {
	data, err := topology.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile("testdata/good/ten-lines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for path, property := range optional(root, "") {
		for _, value := range []any{nil, ""} {
			words, _ := property["description"].(string)
			pattern, _ := property["pattern"].(string)
			if kinds, ok := property["type"].([]any); value == nil && (!ok || !slices.Contains(kinds, any("null"))) {
				t.Errorf("%s: the schema has the type %v", path, property["type"])
			}
			if value == "" && (!strings.Contains(words, "Empty: ") || !regexp.MustCompile(pattern).MatchString("")) {
				if strings.Contains(words, "Empty: ") {
					t.Errorf("%s: the schema wants %s", path, pattern)
				}
				continue
			}
			if _, err := topology.Load(with(t, good, path, value), "default"); err != nil {
				t.Errorf("%s: %v: %v", path, value, err)
			}
		}
	}
}

// optional are the properties that a schema of a mapping does not require, and those inside all of them, by path.
func optional(schema map[string]any, path string) map[string]map[string]any {
	found := map[string]map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	required, _ := schema["required"].([]any)
	for name, value := range properties {
		property, ok := value.(map[string]any)
		if !ok {
			continue // one of a Kubernetes type
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		if !slices.Contains(required, any(name)) {
			found[at] = property
		}
		maps.Copy(found, optional(property, at))
	}
	return found
}

// with is a file with a field that has another value.
func with(t *testing.T, data []byte, path string, value any) []byte {
	t.Helper()
	var root map[string]any
	if err := yaml.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	names := strings.Split(path, ".")
	inner := root
	for _, name := range names[:len(names)-1] {
		next, ok := inner[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			inner[name] = next
		}
		inner = next
	}
	inner[names[len(names)-1]] = value
	data, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The starter mentions every field, and what it has in comments can be taken as it is.
func TestStarterHoldsEverything(t *testing.T) {
	data, err := topology.Starter("demo")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^( *)# ( *[A-Za-z]+:)`).ReplaceAll(data, []byte("$1$2"))
	if _, err := topology.Load(all, "default"); err != nil {
		t.Errorf("without the signs of comments: %v", err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(all, &file); err != nil {
		t.Fatal(err)
	}
	schema, err := topology.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(schema, &root); err != nil {
		t.Fatal(err)
	}
	for path := range optional(root, "") {
		inner := any(file)
		for name := range strings.SplitSeq(path, ".") {
			mapping, _ := inner.(map[string]any)
			value, found := mapping[name]
			if !found {
				t.Errorf("%s is not in the starter", path)
				break
			}
			inner = value
		}
	}
}
