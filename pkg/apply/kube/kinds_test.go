package kube

import (
	"testing"

	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// gpk makes and removes no object of a kind that it does not know.
func TestKindsAreKnown(t *testing.T) {
	for _, step := range plan.Delete(apitest.Ref, true).Steps {
		if remove, ok := step.Action.(plan.Remove); ok {
			for _, kind := range remove.Kinds {
				if _, err := resourceOf(kind); err != nil {
					t.Errorf("step %s: %v", step.ID, err)
				}
			}
		}
	}
	made, err := plan.Create(apitest.Cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, object := range made.Objects() {
		if _, err := resourceOf(object.GetObjectKind().GroupVersionKind().Kind); err != nil {
			t.Error(err)
		}
	}
	if _, err := resourceOf("Node"); err == nil {
		t.Error("gpk has no business with nodes")
	}
}
