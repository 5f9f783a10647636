package plan

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
)

// Templates call scripts that those of an earlier gpk may lack, so each plan that makes or changes StatefulSets brings the scripts before.
// One without pods needs none.
func TestScriptsBeforeTemplates(t *testing.T) {
	from, to := everything(t)
	making := 0
	for name, p := range everyOperation(t, from, to) {
		brought, made := false, false
		for _, step := range p.Steps {
			for _, object := range madeBy(step.Action) {
				switch object := object.(type) {
				case *corev1.ConfigMap:
					brought = brought || object.Data["start.sh"] != ""
				case *appsv1.StatefulSet:
					made = made || *object.Spec.Replicas > 0
					if !brought && *object.Spec.Replicas > 0 {
						t.Errorf("%s: step %s makes %s before the scripts", name, step.ID, object.Name)
					}
				}
			}
		}
		if made {
			making++
		}
	}
	if making < 10 {
		t.Errorf("only %d plans make StatefulSets", making)
	}
}

func madeBy(action Action) []Object {
	switch action := action.(type) {
	case Apply:
		return action.Objects
	case Present:
		return action.Objects
	}
	return nil
}
