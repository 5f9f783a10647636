// Package templates owns the whole, valid manifests and the in-pod scripts, embedded in the binary. A person or kubeconform can read
// the manifests as they are. Package plan decodes them and fills the fields that vary, so that no value breaks out of its place.
package templates

import (
	"embed"
	"fmt"

	"sigs.k8s.io/yaml"
)

//go:embed *.yaml scripts
var files embed.FS

// Decode reads the manifest of a name, such as "statefulset", into a typed object. A field that the type does not have
// is an error.
func Decode(name string, into any) error {
	data, err := files.ReadFile(name + ".yaml")
	if err == nil {
		err = yaml.UnmarshalStrict(data, into)
	}
	if err != nil {
		return fmt.Errorf("manifest %s: %w", name, err)
	}
	return nil
}

// Scripts are the in-pod scripts by file name, as the data of a ConfigMap.
func Scripts() (map[string]string, error) {
	scripts := map[string]string{}
	entries, err := files.ReadDir("scripts")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		data, err := files.ReadFile("scripts/" + entry.Name())
		if err != nil {
			return nil, err
		}
		scripts[entry.Name()] = string(data)
	}
	return scripts, nil
}
