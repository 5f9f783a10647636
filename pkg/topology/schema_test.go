package topology_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
	k8syaml "sigs.k8s.io/yaml"

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

// compiled is the schema as an editor would use it.
func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	data, err := topology.Schema()
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("cluster.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("cluster.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// validated is what the schema says of a cluster.yaml, whose booleans are YAML 1.1's as they are for kubectl.
func validated(t *testing.T, schema *jsonschema.Schema, data []byte) error {
	t.Helper()
	data, err := k8syaml.YAMLToJSON(data)
	if err != nil {
		t.Fatal(err)
	}
	file, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return schema.Validate(file)
}

// Whatever Load takes, an editor takes: a red line under what is right teaches people to look away.
func TestSchemaTakesWhatLoadTakes(t *testing.T) {
	schema := compiled(t)
	for _, rule := range allRules() {
		inside, _ := rule.files(t)
		if err := validated(t, schema, inside); err != nil {
			t.Errorf("%s: %v", rule.why, err)
		}
	}
	for _, path := range append(files(t, "testdata/good/*.yaml"), files(t, "../../testdata/*.yaml")...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := validated(t, schema, data); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// What a person gets wrong most often, the editor shows before gpk does.
func TestSchemaRefuses(t *testing.T) {
	schema := compiled(t)
	if err := validated(t, schema, edited(t)); err != nil {
		t.Fatalf("the file is not right before it is edited: %v", err)
	}
	for _, edit := range []string{
		"apiVersion: v1", "kind: Greenplum", "metadata/name: 1demo", "metadata/name: " + strings.Repeat("a", 64), "metadata/name:  ", "metadata/label: a",
		"spec/version: 7.1", "spec/version: 6.27 WHPG", "spec/image: Greenplum", "spec/imagePullPolicy: never", "spec/imagePullSecrets: a",
		"spec/segments/count: 0", "spec/segments/count: 10001", "spec/segments/count: '4'", "spec/segments/count:  ", "spec/segments/perPod: 0",
		"spec/segments/perPod: 101", "spec/segments/mirrors: 'yes'", "spec/segments/antiAffinity: soft", "spec/segments/perpod: 1",
		"spec/segments/resources: {limits: {gpu: 1}}", "spec/segments/resources: {limits: {memory: 4 GB}}", "spec/segments/resources: {limits: {cpu: true}}",
		"spec/segments/storage: {size: [1]}", "spec/segments/tolerations: [{keys: a}]", "spec/segments/nodeSelector: {a: 1}",
		"spec/database/name: 1a", "spec/database/locale: C.latin1", "spec/database/config: {port: 1}", "spec/database/config: {a b: 1}",
		"spec/database/config: {a: [1]}", "spec/database/hba: local all all peer", "spec/network/service/type: ExternalName",
		"spec/network/networkPolicy: 1", "spec/podTemplate: {specs: {}}", "spec/frobnicate: 1",
	} {
		if err := validated(t, schema, edited(t, edit)); err == nil {
			t.Errorf("%s: taken", edit)
		}
	}
	// What is required is missing.
	for _, name := range []string{"apiVersion", "kind", "metadata", "spec"} {
		var file map[string]any
		if err := yaml.Unmarshal(edited(t), &file); err != nil {
			t.Fatal(err)
		}
		delete(file, name)
		if err := schema.Validate(file); err == nil {
			t.Errorf("without %s: taken", name)
		}
	}
}

// Each setting that the schema leaves out is one that Load calls reserved, in any letters.
func TestReservedSettings(t *testing.T) {
	data, err := topology.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"properties", "spec", "properties", "database", "properties", "config", "propertyNames", "not", "enum"} {
		root = root.(map[string]any)[name]
	}
	names, _ := root.([]any)
	if len(names) < 30 {
		t.Fatalf("%d names in the schema", len(names))
	}
	for _, name := range names {
		for _, written := range []string{name.(string), strings.ToUpper(name.(string))} {
			_, err := topology.Load(edited(t, "spec/database/config/"+written+": a"), "")
			if want := "spec.database.config[" + written + "]: reserved: "; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v", written, err)
			}
		}
	}
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
		data, err := topology.Starter(name, "")
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
	if _, err := topology.Starter("My: cluster", ""); err == nil {
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
	// Its fields are nothing without these two.
	good = with(t, with(t, good, "spec.backup.storage.s3.bucket", "backups"), "spec.backup.storage.s3.secret", "backups")
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
	setField(root, strings.Split(path, "."), value)
	data, err := yaml.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The starter mentions every field, and what it has in comments can be taken as it is.
func TestStarterHoldsEverything(t *testing.T) {
	data, err := topology.Starter("demo", "")
	if err != nil {
		t.Fatal(err)
	}
	all := regexp.MustCompile(`(?m)^( *)# ( *[A-Za-z0-9]+:)`).ReplaceAll(data, []byte("$1$2"))
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
		if path == "spec.network.networkPolicy" { // only records of earlier clusters have it
			continue
		}
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
