package topology

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
)

// typesSource has the words of the schema: the doc comments of the types.
//
//go:embed types.go
var typesSource string

// Schema is the JSON Schema of cluster.yaml, for editors, from the types, their doc comments and what validation knows. It has only
// the names of the fields of Kubernetes' own types. Load knows more, and can refuse what the schema accepts.
func Schema() ([]byte, error) {
	words, err := docComments()
	if err != nil {
		return nil, err
	}
	defaults, err := defaultValues()
	if err != nil {
		return nil, err
	}
	root := words.structure(reflect.TypeFor[Cluster](), defaults)
	root["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	root["title"] = Kind
	root["description"] = words["Cluster"]
	return json.MarshalIndent(root, "", "  ")
}

// schema is an object of JSON Schema. Its keys are written in the order of the alphabet.
type schema = map[string]any

// descriptions are the doc comments by TYPE and TYPE.FIELD.
type descriptions map[string]string

// structure is the schema of a struct of this package, with the default values of its fields.
func (d descriptions) structure(t reflect.Type, defaults map[string]any) schema {
	properties, required := schema{}, []string{}
	for _, f := range fields(t) {
		key := f.owner.Name() + "." + f.Name
		inner, _ := defaults[f.name].(map[string]any)
		property := d.value(f.Type, inner)
		maps.Copy(property, constraints()[key])
		property["description"] = d[key]
		_, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch value := defaults[f.name]; {
		case !strings.Contains(options, "omitempty"):
			required = append(required, f.name)
		case value != nil && shapeOf(f.Type) == reflect.String:
			property["default"] = value
			fallthrough
		default:
			nullable(property)
		}
		properties[f.name] = property
	}
	made := schema{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		made["required"] = required
	}
	return made
}

// nullable lets a field stand in the file without a value, as Load does.
func nullable(property schema) {
	switch kinds := property["type"].(type) {
	case string:
		property["type"] = []string{kinds, "null"}
	case []string:
		property["type"] = append(kinds, "null")
	}
	if allowed := reflect.ValueOf(property["enum"]); allowed.IsValid() {
		values := []any{}
		for i := range allowed.Len() {
			values = append(values, allowed.Index(i).Interface())
		}
		property["enum"] = append(values, nil)
	}
}

func (d descriptions) value(t reflect.Type, defaults map[string]any) schema {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[Setting]():
		return schema{"type": []string{"string", "number", "boolean"}}
	case reflect.TypeFor[resource.Quantity]():
		return schema{"type": []string{"string", "number"}, "pattern": aQuantity.String()}
	}
	switch shapeOf(t) {
	case reflect.Map:
		return schema{"type": "object", "additionalProperties": d.value(t.Elem(), nil)}
	case reflect.Slice:
		return schema{"type": "array", "items": d.value(t.Elem(), nil)}
	case reflect.Struct:
		if t.PkgPath() == reflect.TypeFor[Cluster]().PkgPath() {
			return d.structure(t, defaults)
		}
		return fieldNamesOnly(t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return schema{"type": "boolean"}
	case reflect.Int32, reflect.Int64:
		return schema{"type": "integer"}
	default:
		return schema{"type": "string"}
	}
}

// fieldNamesOnly is the schema of one of Kubernetes' types: its fields may have any value.
func fieldNamesOnly(t reflect.Type) schema {
	properties := schema{}
	for _, f := range fields(t) {
		properties[f.name] = true
	}
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

// constraints are what validation says of single fields, by TYPE.FIELD.
func constraints() map[string]schema {
	label := schema{"pattern": `^[a-z]([-a-z0-9]*[a-z0-9])?$`, "maxLength": maxName}
	resources := schema{"propertyNames": schema{"pattern": `^((` + strings.Join(plainResources, "|") + `)$|` + pages + `|.+/)`}}
	return map[string]schema{
		"Cluster.APIVersion":   {"const": APIVersion},
		"Cluster.Kind":         {"const": Kind},
		"Metadata.Name":        label,
		"Metadata.Namespace":   {"pattern": `^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$`, "maxLength": maxLabel},
		"Spec.Version":         {"pattern": release.String()},
		"Spec.Image":           {"pattern": reference.String(), "maxLength": maxReference},
		"Spec.ImagePullPolicy": {"enum": pullPolicies},
		"User.UID":             {"minimum": 1, "maximum": maxID},
		"User.GID":             {"minimum": 0, "maximum": maxID},
		"Segments.Count":       {"minimum": 1, "maximum": MaxSegments},
		"Segments.PerPod":      {"minimum": 1, "maximum": MaxPerPod},
		"Pods.AntiAffinity":    {"enum": antiAffinities},
		"Resources.Requests":   resources,
		"Resources.Limits":     resources,
		"Database.Name":        {"pattern": "^$|" + databaseName.String()},
		"Database.Locale":      {"pattern": unicodeLocale.String()},
		"Database.Config": {"propertyNames": schema{
			"pattern": settingName.String(), "not": schema{"enum": sortedKeys(reservedSettings())},
		}},
		"Service.Type": {"enum": serviceTypes},
	}
}

// defaultValues are the fields that Default sets, as they would stand in the file.
func defaultValues() (map[string]any, error) {
	var c Cluster
	c.Default()
	data, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	return values, json.Unmarshal(data, &values)
}

// docComments are the doc comments of the types and of their fields, each on one line.
func docComments() (descriptions, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "types.go", typesSource, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("the doc comments of the schema: %w", err)
	}
	words, owner := descriptions{}, ""
	var doc *ast.CommentGroup
	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.GenDecl:
			doc = n.Doc
		case *ast.TypeSpec:
			owner = n.Name.Name
			words[owner] = oneLine(doc)
		case *ast.Field:
			for _, name := range n.Names {
				words[owner+"."+name.Name] = oneLine(n.Doc)
			}
		}
		return true
	})
	return words, nil
}

func oneLine(comment *ast.CommentGroup) string {
	return strings.Join(strings.Fields(comment.Text()), " ")
}
