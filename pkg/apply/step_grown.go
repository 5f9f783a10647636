package apply

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"gpk/pkg/plan"
)

// growableHandler says no to volumes that could not grow. It has nothing to do: its Check is either done or blocked.
type growableHandler struct {
	nothing
	target *Target
	action plan.Growable
}

func (h *growableHandler) Check(ctx context.Context) (Finding, error) {
	small, err := smaller(ctx, h.target, h.action.Claims, requested)
	if err != nil || len(small) == 0 {
		return Finding{State: Done}, err
	}
	list, err := h.target.client.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return Finding{State: Done, Details: []string{"whether the storage classes let volumes grow was not checked: you may not list them"}}, nil
	}
	if err != nil {
		return Finding{}, fmt.Errorf("storage classes: %w", err)
	}
	var faults []string
	for _, claim := range small {
		if claim.Spec.StorageClassName == nil || *claim.Spec.StorageClassName == "" {
			faults = append(faults, "the claim "+claim.Name+" has no storage class")
			continue
		}
		name := *claim.Spec.StorageClassName
		i := slices.IndexFunc(list.Items, func(c storagev1.StorageClass) bool { return c.Name == name })
		if i < 0 || list.Items[i].AllowVolumeExpansion == nil || !*list.Items[i].AllowVolumeExpansion {
			faults = append(faults, "the storage class "+name+" does not let volumes grow (allowVolumeExpansion)")
		}
	}
	slices.Sort(faults)
	if faults = slices.Compact(faults); len(faults) > 0 {
		return Finding{State: Blocked, Details: []string{strings.Join(faults, "; ")},
			Next: "nothing was changed: where the provisioner can do it, an administrator allows it in the storage class; else more segments " +
				"(`gpk expand`) bring more volumes"}, nil
	}
	return Finding{State: Done}, nil
}

// requested is what a claim asks for, and grown what it has.
func requested(claim *corev1.PersistentVolumeClaim) corev1.ResourceList {
	return claim.Spec.Resources.Requests
}
func grown(claim *corev1.PersistentVolumeClaim) corev1.ResourceList { return claim.Status.Capacity }

// smaller are those of the claims that there are whose size is below the wanted one.
func smaller(ctx context.Context, t *Target, wanted []*corev1.PersistentVolumeClaim,
	size func(*corev1.PersistentVolumeClaim) corev1.ResourceList) ([]*corev1.PersistentVolumeClaim, error) {
	list, err := t.client.CoreV1().PersistentVolumeClaims(t.Ref.Namespace).List(ctx, t.listOptions())
	if err != nil {
		return nil, fmt.Errorf("volume claims: %w", err)
	}
	live := map[string]*corev1.PersistentVolumeClaim{}
	for i := range list.Items {
		live[list.Items[i].Name] = &list.Items[i]
	}
	var found []*corev1.PersistentVolumeClaim
	for _, claim := range wanted {
		there := live[claim.Name]
		if there == nil {
			continue
		}
		have, want := size(there)[corev1.ResourceStorage], requested(claim)[corev1.ResourceStorage]
		if have.Cmp(want) < 0 {
			found = append(found, there)
		}
	}
	return found, nil
}

// grownHandler waits for volumes that grow. What its claims ask for is the business of the step before.
type grownHandler struct {
	target *Target
	action plan.Grown
}

func (h *grownHandler) Check(ctx context.Context) (Finding, error) {
	details, err := h.waiting(ctx)
	return pendingIf(details), err
}

func (h *grownHandler) waiting(ctx context.Context) ([]string, error) {
	small, err := smaller(ctx, h.target, h.action.Claims, grown)
	var details []string
	for _, claim := range small {
		detail := fmt.Sprintf("the volume of the claim %s has %s", claim.Name, claim.Status.Capacity.Storage())
		for _, c := range claim.Status.Conditions {
			if c.Status == corev1.ConditionTrue {
				detail += strings.TrimRight(": "+string(c.Type)+" "+c.Message, " ")
			}
		}
		details = append(details, detail)
	}
	return details, err
}

// growPatience bounds the wait for a volume: a provider takes minutes at most, and some wait for a pod to be made anew.
const growPatience = 10 * time.Minute

func (h *grownHandler) Do(ctx context.Context, progress func(string)) error {
	return until(ctx, growPatience, progress, func() ([]string, error) { return h.waiting(ctx) },
		"volumes have not grown within "+growPatience.String()+": %s; some storage grows only once its pods are made anew: "+
			"`gpk stop --scale-to-zero` and `gpk start` do that, then run this again")
}

// orphanedHandler deletes stateful sets and leaves their pods.
type orphanedHandler struct {
	target *Target
	action plan.Orphaned
}

func (h *orphanedHandler) Check(ctx context.Context) (Finding, error) {
	old, err := h.outdated(ctx)
	var details []string
	for _, set := range old {
		details = append(details, "StatefulSet/"+set.Name+" makes claims of another size")
	}
	return pendingIf(details), err
}

// outdated are the sets whose claims differ in size. They may be going already.
func (h *orphanedHandler) outdated(ctx context.Context) ([]*appsv1.StatefulSet, error) {
	var old []*appsv1.StatefulSet
	for _, wanted := range h.action.Sets {
		live, err := h.target.client.AppsV1().StatefulSets(h.target.Ref.Namespace).Get(ctx, wanted.Name, metav1.GetOptions{})
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
	return until(ctx, settlePatience, progress, func() ([]string, error) {
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
	err := h.target.client.AppsV1().StatefulSets(h.target.Ref.Namespace).Delete(ctx, name, metav1.DeleteOptions{
		PropagationPolicy: new(metav1.DeletePropagationOrphan), Preconditions: &metav1.Preconditions{UID: &uid}})
	if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return fmt.Errorf("stateful set %s: %w", name, err)
	}
	return nil
}
