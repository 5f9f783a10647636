package topology

import (
	_ "embed"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/util/validation"
)

//go:embed starter.yaml
var starter string

// Starter is a cluster.yaml to start from, with comments, for a cluster of this name.
func Starter(name string) ([]byte, error) {
	if complaints := validation.IsDNS1035Label(name); len(complaints) > 0 {
		return nil, fmt.Errorf("a cluster can't be named %q: %s", name, withoutExamples(complaints[0]))
	}
	word, err := yaml.Marshal(name) // in quotes where YAML would take the name for something else
	return []byte(strings.Replace(starter, "\n  name: demo\n", "\n  name: "+string(word), 1)), err
}
