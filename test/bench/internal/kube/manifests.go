package kube

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"gpk/test/bench/internal/network"
)

//go:embed manifests/*.yaml
var manifests embed.FS

// Objects are what a bench's cluster holds from the start, in the order of
// their files, with this instance's addresses filled in.
func Objects(l network.Layout) ([]*unstructured.Unstructured, error) {
	names, err := fs.Glob(manifests, "manifests/*.yaml")
	if err != nil {
		return nil, err
	}
	var objects []*unstructured.Unstructured
	for _, name := range names {
		data, err := manifests.ReadFile(name)
		if err != nil {
			return nil, err
		}
		found, err := decode(data)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
		objects = append(objects, found...)
	}
	for _, o := range objects {
		if err := fillIn(o, l); err != nil {
			return nil, fmt.Errorf("fill in %s %s: %w", o.GetKind(), o.GetName(), err)
		}
	}
	return objects, nil
}

func fillIn(o *unstructured.Unstructured, l network.Layout) error {
	switch o.GetKind() {
	case "Service":
		return unstructured.SetNestedField(o.Object, l.DNSService().String(), "spec", "clusterIP")
	case "EndpointSlice":
		endpoints, found, err := unstructured.NestedSlice(o.Object, "endpoints")
		if err != nil || !found || len(endpoints) != 1 {
			return fmt.Errorf("want one endpoint: %w", err)
		}
		endpoint, ok := endpoints[0].(map[string]any)
		if !ok {
			return errors.New("its endpoint is no object")
		}
		endpoint["addresses"] = []any{l.Control().String()}
		return unstructured.SetNestedSlice(o.Object, endpoints, "endpoints")
	}
	return nil
}

func decode(data []byte) ([]*unstructured.Unstructured, error) {
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	var objects []*unstructured.Unstructured
	for {
		o := &unstructured.Unstructured{}
		err := decoder.Decode(o)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, err
		}
		if len(o.Object) > 0 {
			objects = append(objects, o)
		}
	}
}
