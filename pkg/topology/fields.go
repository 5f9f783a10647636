package topology

import (
	"encoding/json"
	"math"
	"reflect"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// shapeOf is what a type looks like in the file: reflect.Struct, reflect.Map, reflect.Slice, or reflect.String for a scalar.
func shapeOf(t reflect.Type) reflect.Kind {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch kind := t.Kind(); {
	case reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]()):
		return reflect.String // it reads itself, as a quantity does from a string
	case kind == reflect.Struct, kind == reflect.Map, kind == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		return kind
	default:
		return reflect.String
	}
}

// fieldOf is a field by its name in the file.
type fieldOf struct {
	name string
	reflect.StructField
	// owner is the struct type that declares the field, since an inlined struct's fields are listed as its holder's.
	owner reflect.Type
}

// fields are the fields of a struct type, those of inlined structs among them, in the order of declaration.
func fields(t reflect.Type) []fieldOf {
	var found []fieldOf
	for f := range t.Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && name == "":
			found = append(found, fields(f.Type)...)
		case f.IsExported() && name != "-" && name != "":
			found = append(found, fieldOf{name, f, t})
		}
	}
	return found
}

func namesOf(known []fieldOf) []string {
	var names []string
	for _, f := range known {
		names = append(names, f.name)
	}
	return names
}

// fieldNames lists fields for a message; of Kubernetes' longest types, the first ones.
func fieldNames(known []fieldOf) string {
	const most = 12
	names := namesOf(known[:min(len(known), most)])
	if len(known) > most {
		names = append(names, "…")
	}
	return strings.Join(names, ", ")
}

// expected says what the file must have where a type is expected.
func expected(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return "a quantity such as 2, 500m or 4Gi"
	case reflect.TypeFor[Setting]():
		return "text, a number or a boolean"
	case reflect.TypeFor[intstr.IntOrString]():
		return "a whole number or text"
	}
	switch t.Kind() {
	case reflect.Struct:
		if shapeOf(t) == reflect.Struct {
			return "a mapping of " + fieldNames(fields(t))
		}
		return "text"
	case reflect.Map:
		return "a mapping"
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.String, reflect.Slice:
		return "text, in quotes where it looks like a number or a boolean"
	default:
		return "a whole number"
	}
}

// aQuantity bounds the exponent: resource.ParseQuantity computes with all the digits that it stands for, which takes for ever.
var aQuantity = regexp.MustCompile(`^[+-]?[0-9.]{1,30}([eE][+-]?[0-9]{1,2}|[a-zA-Z]{0,2})$`)

// scalarValue is a scalar as the JSON decoder takes it for the type, or false where it can't be one.
func scalarValue(node *yaml.Node, t reflect.Type) (any, bool) {
	tag, text := node.ShortTag(), node.Value
	isText := tag == "!!str" || tag == "!!timestamp" // a date is text as long as nothing here wants a date
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return text, (isText || tag == "!!int" || tag == "!!float") && aQuantity.MatchString(text)
	case reflect.TypeFor[Setting]():
		if tag == "!!bool" {
			return map[bool]string{true: "on", false: "off"}[strings.EqualFold(text, "true")], true
		}
		return text, isText || tag == "!!int" || tag == "!!float" // as written: 0640 stays octal, 1.10 keeps its zero
	}
	switch t.Kind() {
	case reflect.Bool:
		var value bool
		err := node.Decode(&value) // takes yes and off as well, as kubectl does
		return value, err == nil && node.Style&(yaml.DoubleQuotedStyle|yaml.SingleQuotedStyle) == 0
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		return wholeNumber(node)
	case reflect.Float32, reflect.Float64:
		var value float64
		err := node.Decode(&value)
		return value, err == nil && !isText && !math.IsInf(value, 0) && !math.IsNaN(value)
	default:
		if t == reflect.TypeFor[intstr.IntOrString]() && tag == "!!int" {
			return wholeNumber(node)
		}
		return text, isText
	}
}

func wholeNumber(node *yaml.Node) (any, bool) {
	var value int64
	err := node.Decode(&value)
	return value, err == nil && node.ShortTag() == "!!int" // 4.5 decodes too, as 4
}
