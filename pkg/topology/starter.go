package topology

import (
	_ "embed"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

//go:embed starter.yaml
var starter string

// Starter is a cluster.yaml to start from, with comments, for a cluster of this name.
func Starter(name string) ([]byte, error) {
	if complaints := validation.IsDNS1035Label(name); len(complaints) > 0 {
		return nil, fmt.Errorf("a cluster can't be named %q: %s", name, withoutExamples(complaints[0]))
	}
	// The name is a DNS label now, which is a plain word of YAML whatever it is, once it has quotes.
	return []byte(strings.Replace(starter, "\n  name: demo\n", "\n  name: "+yamlWord(name)+"\n", 1)), nil
}

// yamlWord puts the few labels in quotes that YAML takes for something else.
func yamlWord(label string) string {
	switch label {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return `"` + label + `"`
	}
	return label
}
