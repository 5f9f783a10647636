// Package templates owns the whole, valid manifests and the in-pod scripts, embedded in the binary. The manifests are what
// a person or kubeconform can read as they are; package plan decodes them into typed objects and fills the fields that
// vary, so that no value can break out of its place.
package templates

import (
	"embed"
	"fmt"
	"io/fs"
	"path"

	"sigs.k8s.io/yaml"
)

//go:embed *.yaml scripts
var files embed.FS

// Decode reads the manifest of a name, such as "statefulset", into a typed object. A field that the type does not have
// is an error.
func Decode(name string, into any) error {
	data, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return fmt.Errorf("manifest %s: %w", name, err)
	}
	if err := yaml.UnmarshalStrict(data, into); err != nil {
		return fmt.Errorf("manifest %s: %w", name, err)
	}
	return nil
}

// Scripts are the in-pod scripts by file name, as the data of a ConfigMap.
func Scripts() (map[string]string, error) {
	scripts := map[string]string{}
	entries, err := fs.ReadDir(files, "scripts")
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		data, err := files.ReadFile(path.Join("scripts", entry.Name()))
		if err != nil {
			return nil, err
		}
		scripts[entry.Name()] = string(data)
	}
	return scripts, nil
}
