package topology

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Bounds on what a file may unfold to: aliases of aliases can make a short file a large one, or an endless one.
const (
	maxNodes = 20_000
	maxDepth = 64
)

// reader compares the nodes of a file with the types. A decoder would stop at the first fault or forget the lines.
type reader struct {
	faults Faults
	// lines are where the fields of the file are, by path.
	lines map[string]int
	// given are the fields that have a value in the file.
	given map[string]bool
	// meant are fields that an unknown name was probably meant for.
	meant []string
	nodes int
}

// cluster decodes what the reader lets through. That fits the types, so that the decoder, which is strict, has no more to say.
func (r *reader) cluster(root *yaml.Node) *Cluster {
	tree, _ := r.value(root, reflect.TypeFor[Cluster](), nil, 0)
	if r.nodes > maxNodes {
		r.faults = Faults{{Line: 1, Message: fmt.Sprintf(
			"the file has more than %d values, those behind its aliases counted each time: no cluster needs so many", maxNodes)}}
	}
	c := &Cluster{}
	data, err := json.Marshal(tree)
	if err == nil {
		decoder := json.NewDecoder(bytes.NewReader(data))
		decoder.DisallowUnknownFields()
		err = decoder.Decode(c)
	}
	if err != nil {
		r.faults = append(r.faults, Fault{Line: 1, Message: err.Error()})
	}
	return c
}

// value is a node as a value of the type, and whether there is one: there is none where the node is null or faulty.
func (r *reader) value(node *yaml.Node, t reflect.Type, path *field.Path, depth int) (any, bool) {
	if r.nodes++; r.nodes > maxNodes {
		return nil, false
	}
	if depth > maxDepth {
		r.fault(node, path, "nested more than %d deep", maxDepth)
		return nil, false
	}
	if node.Kind == yaml.AliasNode {
		return r.value(node.Alias, t, path, depth+1)
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if isNull(node) {
		return nil, false
	}
	switch shapeOf(t) {
	case reflect.Struct, reflect.Map:
		return r.mapping(node, t, path, depth)
	case reflect.Slice:
		return r.list(node, t, path, depth)
	default:
		return r.scalar(node, t, path)
	}
}

func (r *reader) list(node *yaml.Node, t reflect.Type, path *field.Path, depth int) (any, bool) {
	if node.Kind != yaml.SequenceNode {
		r.fault(node, path, "%s is not allowed: give a list", describe(node))
		return nil, false
	}
	values := []any{}
	for i, item := range node.Content {
		at := path.Index(i)
		r.lines[at.String()] = item.Line
		if isNull(item) {
			r.fault(item, at, "this entry is empty: remove it or give it a value")
		}
		// A faulty entry keeps its place, so that the paths of those behind it stay right: null leaves the zero value there.
		value, _ := r.value(item, t.Elem(), at, depth+1)
		values = append(values, value)
	}
	return values, true
}

func (r *reader) mapping(node *yaml.Node, t reflect.Type, path *field.Path, depth int) (any, bool) {
	if node.Kind != yaml.MappingNode {
		r.fault(node, path, "%s is not allowed: give %s", describe(node), expected(t))
		return nil, false
	}
	values := map[string]any{}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, item := node.Content[i], node.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.ShortTag() == "!!merge" {
			r.fault(key, path, "%s is not allowed as a name: write the fields out", describe(key))
			continue
		}
		at, inner := r.member(key, t, path)
		if first, twice := seen[key.Value]; twice {
			r.fault(key, at, "given twice, first on line %d: remove one", first)
			continue
		}
		seen[key.Value] = key.Line
		if inner == nil {
			continue
		}
		r.lines[at.String()] = key.Line
		if isNull(item) && shapeOf(t) == reflect.Map {
			r.fault(key, at, "this entry is empty: remove it or give it a value")
			continue
		}
		if value, ok := r.value(item, inner, at, depth+1); ok {
			values[key.Value] = value
			r.given[at.String()] = true
		}
	}
	return values, true
}

// member is the path and the type of what a key of a mapping names. The type of an unknown field, which is a fault, is nil.
func (r *reader) member(key *yaml.Node, t reflect.Type, path *field.Path) (*field.Path, reflect.Type) {
	if shapeOf(t) == reflect.Map {
		return path.Key(key.Value), t.Elem()
	}
	at := path.Child(key.Value)
	known := fields(t)
	for _, f := range known {
		if f.name == key.Value {
			return at, f.Type
		}
	}
	if near := Nearest(key.Value, namesOf(known)); near != "" {
		r.meant = append(r.meant, path.Child(near).String())
		r.fault(key, at, "unknown field: did you mean %s?", near)
	} else {
		r.fault(key, at, "unknown field: known here are %s", fieldNames(known))
	}
	return at, nil
}

func (r *reader) scalar(node *yaml.Node, t reflect.Type, path *field.Path) (any, bool) {
	if node.Kind == yaml.ScalarNode {
		value, ok := scalarValue(node, t)
		if data, err := json.Marshal(value); ok && err == nil && json.Unmarshal(data, reflect.New(t).Interface()) == nil {
			return value, true
		}
	}
	r.fault(node, path, "%s is not allowed: give %s", describe(node), expected(t))
	return nil, false
}

func (r *reader) fault(node *yaml.Node, path *field.Path, format string, args ...any) {
	fault := Fault{Line: max(node.Line, 1), Message: fmt.Sprintf(format, args...)}
	if path != nil {
		fault.Field = path.String()
	}
	r.faults = append(r.faults, fault)
}

// explains reports whether a fault of the file already explains what validation says of a field.
func (r *reader) explains(name string) bool {
	return slices.ContainsFunc(r.faults, func(f Fault) bool { return f.Field == "" || covers(f.Field, name) }) ||
		slices.ContainsFunc(r.meant, func(meant string) bool { return covers(meant, name) })
}

// line is where a field is, or the nearest field around it that is in the file.
func (r *reader) line(name string) int {
	for name != "" {
		if line, ok := r.lines[name]; ok {
			return line
		}
		name = name[:max(strings.LastIndexAny(name, ".["), 0)]
	}
	return 1
}

// describe is a node as it is quoted in a message.
func describe(node *yaml.Node) string {
	switch node.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	default:
		return quoted(HideSecrets(node.Value), node.ShortTag() == "!!str")
	}
}

// quoted is a value as it is quoted in a message: never longer than a line takes.
func quoted(text string, isText bool) string {
	const most = 60
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	if isText {
		return strconv.Quote(text)
	}
	return text
}

func isNull(node *yaml.Node) bool { return node.ShortTag() == "!!null" }
