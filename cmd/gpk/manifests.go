package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"gpk/pkg/plan"
)

// writeManifests writes each object of a plan as a file of an empty folder. Sorted by name, the files are in the order in
// which gpk applies them: objects that gpk applies at once share a number.
func writeManifests(dir string, p plan.Plan) (int, error) {
	if err := emptyDir(dir); err != nil {
		return 0, err
	}
	wave, written := 0, 0
	for _, step := range p.Steps {
		action, ok := step.Action.(plan.Apply)
		if !ok {
			continue
		}
		wave += 10
		for _, object := range action.Objects {
			data, err := manifest(object)
			if err != nil {
				return written, err
			}
			kind := strings.ToLower(object.GetObjectKind().GroupVersionKind().Kind)
			if err := writeNew(filepath.Join(dir, fmt.Sprintf("%03d-%s-%s.yaml", wave, kind, object.GetName())), data); err != nil {
				return written, err
			}
			written++
		}
	}
	return written, nil
}

// emptyDir makes a folder, unless it is there. One with something in it is refused: files of an earlier plan would be
// taken for some of this one.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = os.MkdirAll(dir, 0o755) //nolint:gosec // a folder for everybody to read
	case err == nil && len(entries) > 0:
		return hint(usage("%s is not empty", dir), "name a new or an empty folder")
	}
	if err != nil {
		return usageError{err}
	}
	return nil
}

// manifest is an object as a person would write it: without a status, which is the server's.
func manifest(object plan.Object) ([]byte, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", object.GetName(), err)
	}
	delete(fields, "status")
	claims, found, err := unstructured.NestedFieldNoCopy(fields, "spec", "volumeClaimTemplates")
	if err != nil {
		return nil, fmt.Errorf("%s: %w", object.GetName(), err)
	}
	if found {
		for _, claim := range claims.([]any) {
			delete(claim.(map[string]any), "status")
		}
	}
	return yaml.Marshal(fields)
}
