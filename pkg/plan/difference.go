package plan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Difference is a field with another value on one side than on the other.
type Difference struct {
	// Field is the path of the field, written as in the faults of cluster.yaml: spec.segments.nodeSelector[disk].
	Field string `json:"field"`
	// From and To are the values as text, empty where the field is absent.
	From string `json:"from"`
	To   string `json:"to"`
}

// Differences compares two values of one type field by field, in the order in which the type declares them. Entries of
// lists are told apart by their names, where they have names. Quantities are compared as amounts: 1Gi is 1024Mi.
func Differences(from, to any) []Difference {
	var c comparison
	c.values(nil, reflect.ValueOf(from), reflect.ValueOf(to))
	return c.found
}

type comparison struct{ found []Difference }

// values compares two values of one type. Either may be the zero Value, which is an absent one.
func (c *comparison) values(path *field.Path, from, to reflect.Value) {
	from, to = pointee(from), pointee(to)
	known := from
	if !known.IsValid() {
		known = to
	}
	switch {
	case !known.IsValid():
	case isLeaf(known.Type()):
		c.leaf(path, from, to)
	case known.Kind() == reflect.Struct:
		c.structs(path, known.Type(), from, to)
	default:
		c.entries(path, entriesOf(from), entriesOf(to))
	}
}

func (c *comparison) structs(path *field.Path, t reflect.Type, from, to reflect.Value) {
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		optional := strings.Contains(options, "omitempty")
		at := path
		switch {
		case name == "-" || !t.Field(i).IsExported():
			continue
		case name != "":
			at = path.Child(name)
		}
		c.values(at, fieldOf(from, i, optional), fieldOf(to, i, optional))
	}
}

func (c *comparison) entries(path *field.Path, from, to map[string]reflect.Value) {
	all := maps.Clone(from)
	maps.Copy(all, to)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		c.values(path.Key(key), from[key], to[key])
	}
}

func (c *comparison) leaf(path *field.Path, from, to reflect.Value) {
	if from.IsValid() && to.IsValid() {
		a, isQuantity := from.Interface().(resource.Quantity)
		if b, _ := to.Interface().(resource.Quantity); isQuantity && a.Cmp(b) == 0 {
			return
		}
	}
	if a, b := text(from), text(to); a != b {
		c.found = append(c.found, Difference{path.String(), a, b})
	}
}

// isLeaf says whether values of a type are shown whole: scalars, what writes itself, and lists of scalars, whose order may matter.
func isLeaf(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Struct:
		return t.Implements(reflect.TypeFor[json.Marshaler]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[json.Marshaler]())
	case reflect.Map:
		return false
	case reflect.Slice:
		item := t.Elem()
		return item.Kind() != reflect.Struct || isLeaf(item)
	default:
		return true
	}
}

// text is a value as a person would write it in cluster.yaml, empty for an absent one.
func text(v reflect.Value) string {
	if !v.IsValid() || (v.Kind() == reflect.Slice && v.Len() == 0) {
		return ""
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v.Interface()); err != nil {
		return fmt.Sprint(v.Interface())
	}
	written := strings.TrimSpace(b.String())
	var word string
	if json.Unmarshal([]byte(written), &word) == nil {
		return word
	}
	return written
}

func pointee(v reflect.Value) reflect.Value {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	return v
}

// fieldOf is a field of a struct, absent where it would not be written.
func fieldOf(v reflect.Value, i int, optional bool) reflect.Value {
	if !v.IsValid() || optional && v.Field(i).IsZero() {
		return reflect.Value{}
	}
	return v.Field(i)
}

// entriesOf are the entries of a map by key, or the items of a list by what tells them apart, or by place if nothing does.
func entriesOf(v reflect.Value) map[string]reflect.Value {
	entries := map[string]reflect.Value{}
	if !v.IsValid() {
		return entries
	}
	for key, value := range v.Seq2() {
		name := fmt.Sprint(key)
		if v.Kind() == reflect.Slice {
			// The name of a mount is its volume's, which several mounts may have.
			for _, known := range []string{"Name", "MountPath"} {
				if named := value.FieldByName(known); named.IsValid() && named.Kind() == reflect.String {
					name = cmp.Or(named.String(), name)
				}
			}
		}
		entries[name] = value
	}
	return entries
}
