package objects

import (
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
)

// removeHandler deletes the cluster's objects of some kinds, one kind after the other, and waits until they are gone.
type removeHandler struct {
	kube   *kube.Client
	pods   *pods.Pods
	action plan.Remove
}

func (h *removeHandler) Check(ctx context.Context) (engine.Finding, error) {
	var left []string
	for _, kind := range h.action.Kinds {
		objects, err := h.left(ctx, kind)
		if err != nil {
			return engine.Finding{}, err
		}
		left = append(left, kube.Exist(kind, objects)...)
	}
	return engine.PendingIf(left), nil
}

// left are the cluster's objects of a kind without its record, which gpk deletes last of all.
func (h *removeHandler) left(ctx context.Context, kind string) ([]metav1.Object, error) {
	all, err := h.kube.All(ctx, kind)
	return slices.DeleteFunc(all, func(o metav1.Object) bool {
		return kind == "ConfigMap" && o.GetName() == record.RecordName(h.kube.Ref.Name)
	}), err
}

func (h *removeHandler) Do(ctx context.Context, progress func(string)) error {
	for _, kind := range h.action.Kinds {
		deletion := kube.Deletion{Kind: kind, Waiting: reportLeft(kind, progress),
			Left: func(ctx context.Context) ([]metav1.Object, error) { return h.left(ctx, kind) }}
		if kind == "Pod" {
			deletion.Waiting = func(left []metav1.Object) error {
				if late := h.pods.Overdue(ctx, left...); late != nil {
					return late
				}
				return reportLeft(kind, progress)(left)
			}
		}
		if err := h.kube.DeleteAll(ctx, deletion); err != nil {
			return err
		}
	}
	return nil
}

// reportLeft reports how many objects a deletion waits for.
func reportLeft(kind string, progress func(string)) func([]metav1.Object) error {
	return func(left []metav1.Object) error {
		progress(fmt.Sprintf("%d objects still exist; %s/%s", len(left), kind, left[0].GetName()))
		return nil
	}
}

// absentHandler deletes objects of a kind by their names.
type absentHandler struct {
	kube   *kube.Client
	action plan.Absent
}

func (h *absentHandler) Check(ctx context.Context) (engine.Finding, error) {
	left, err := h.left(ctx)
	return engine.PendingIf(kube.Exist(h.action.Kind, left)), err
}

func (h *absentHandler) left(ctx context.Context) ([]metav1.Object, error) {
	return h.kube.Named(ctx, h.action.Kind, h.action.Names)
}

// absentPatience is longer than pods get to stop their instances.
const absentPatience = 5 * time.Minute

func (h *absentHandler) Do(ctx context.Context, progress func(string)) error {
	return h.kube.DeleteAll(ctx, kube.Deletion{Kind: h.action.Kind, Left: h.left,
		Waiting: reportLeft(h.action.Kind, progress), Patience: absentPatience})
}

// orphanedHandler deletes stateful sets whose claims have another size, and leaves their pods.
type orphanedHandler struct {
	kube   *kube.Client
	action plan.Orphaned
}

func (h *orphanedHandler) Check(ctx context.Context) (engine.Finding, error) {
	left, err := h.left(ctx)
	var details []string
	for _, set := range left {
		details = append(details, "StatefulSet/"+set.GetName()+" makes claims of another size")
	}
	return engine.PendingIf(details), err
}

// left are the live sets whose claims differ in size. Some may be in deletion.
func (h *orphanedHandler) left(ctx context.Context) ([]metav1.Object, error) {
	wanted := objectsOf(h.action.Sets)
	live, err := h.kube.LiveAll(ctx, wanted)
	var left []metav1.Object
	for i := range live {
		if otherClaims(live[i], wanted[i]) {
			left = append(left, live[i])
		}
	}
	return left, err
}

// orphanPatience is how long the garbage collector gets to release the pods, which takes it a moment.
const orphanPatience = 2 * time.Minute

func (h *orphanedHandler) Do(ctx context.Context, progress func(string)) error {
	orphan := metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationOrphan)}
	return h.kube.DeleteAll(ctx, kube.Deletion{Kind: "StatefulSet", Options: orphan, Left: h.left,
		Waiting: reportLeft("StatefulSet", progress), Patience: orphanPatience})
}

func objectsOf(sets []*appsv1.StatefulSet) []plan.Object {
	objects := make([]plan.Object, len(sets))
	for i, set := range sets {
		objects[i] = set
	}
	return objects
}

// otherClaims says whether both are stateful sets, and make claims of different sizes.
func otherClaims(live, wanted plan.Object) bool {
	a, isSet := live.(*appsv1.StatefulSet)
	b, alike := wanted.(*appsv1.StatefulSet)
	if !isSet || !alike {
		return false
	}
	have, want := a.Spec.VolumeClaimTemplates, b.Spec.VolumeClaimTemplates
	return len(have) > 0 && len(want) > 0 &&
		have[0].Spec.Resources.Requests.Storage().Cmp(*want[0].Spec.Resources.Requests.Storage()) != 0
}
