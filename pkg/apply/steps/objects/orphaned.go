package objects

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// orphanedHandler deletes stateful sets and leaves their pods.
type orphanedHandler struct {
	kube   *kube.Client
	action plan.Orphaned
}

func (h *orphanedHandler) Check(ctx context.Context) (engine.Finding, error) {
	old, err := h.outdated(ctx)
	var details []string
	for _, set := range old {
		details = append(details, "StatefulSet/"+set.Name+" makes claims of another size")
	}
	return engine.PendingIf(details), err
}

// outdated are the sets whose claims differ in size. They may be going already.
func (h *orphanedHandler) outdated(ctx context.Context) ([]*appsv1.StatefulSet, error) {
	var old []*appsv1.StatefulSet
	for _, wanted := range h.action.Sets {
		live, err := h.kube.API.AppsV1().StatefulSets(h.kube.Ref.Namespace).Get(ctx, wanted.Name, metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("stateful set %s: %w", wanted.Name, err)
		}
		if otherClaims(live, wanted) {
			old = append(old, live)
		}
	}
	return old, nil
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

func (h *orphanedHandler) Do(ctx context.Context, progress func(string)) error {
	return engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		old, err := h.outdated(ctx)
		var waiting []string
		for _, set := range old {
			waiting = append(waiting, "StatefulSet/"+set.Name+" is still there")
			if set.DeletionTimestamp == nil {
				err = h.release(ctx, set.Name, set.UID)
			}
			if err != nil {
				return nil, err
			}
		}
		return waiting, err
	}, "%s")
}

func (h *orphanedHandler) release(ctx context.Context, name string, uid types.UID) error {
	err := h.kube.API.AppsV1().StatefulSets(h.kube.Ref.Namespace).Delete(ctx, name, metav1.DeleteOptions{
		PropagationPolicy: new(metav1.DeletePropagationOrphan), Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("stateful set %s: %w", name, err)
	}
	return nil
}
