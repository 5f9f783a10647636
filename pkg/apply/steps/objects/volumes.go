package objects

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// growableHandler says no to volumes that could not grow. It has nothing to do: its Check is either done or blocked.
type growableHandler struct {
	engine.Nothing
	kube   *kube.Client
	action plan.Growable
}

func (h *growableHandler) Check(ctx context.Context) (engine.Finding, error) {
	small, err := smaller(ctx, h.kube, h.action.Claims, requested)
	if err != nil || len(small) == 0 {
		return engine.Finding{State: engine.Done}, err
	}
	list, err := h.kube.API.StorageV1().StorageClasses().List(ctx, metav1.ListOptions{})
	if apierrors.IsForbidden(err) {
		return engine.Finding{State: engine.Done, Details: []string{"whether the storage classes let volumes grow was not checked: you may not list them"}}, nil
	}
	if err != nil {
		return engine.Finding{}, fmt.Errorf("storage classes: %w", err)
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
		return engine.Finding{State: engine.Blocked, Details: []string{strings.Join(faults, "; ")},
			Next: engine.Next("nothing was changed: where the provisioner can do it, an administrator allows it in the storage class; else more segments (", plan.Gpk("expand"), ") bring more volumes")}, nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// requested is what a claim asks for, and grown what it has.
func requested(claim *corev1.PersistentVolumeClaim) corev1.ResourceList {
	return claim.Spec.Resources.Requests
}

func grown(claim *corev1.PersistentVolumeClaim) corev1.ResourceList { return claim.Status.Capacity }

// smaller are those of the claims that there are whose size is below the wanted one.
func smaller(ctx context.Context, k *kube.Client, wanted []*corev1.PersistentVolumeClaim,
	size func(*corev1.PersistentVolumeClaim) corev1.ResourceList) ([]*corev1.PersistentVolumeClaim, error) {
	list, err := k.API.CoreV1().PersistentVolumeClaims(k.Ref.Namespace).List(ctx, k.ListOptions())
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
	kube   *kube.Client
	action plan.Grown
}

func (h *grownHandler) Check(ctx context.Context) (engine.Finding, error) {
	details, err := h.waiting(ctx)
	return engine.PendingIf(details), err
}

func (h *grownHandler) waiting(ctx context.Context) ([]string, error) {
	small, err := smaller(ctx, h.kube, h.action.Claims, grown)
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
	return engine.Until(ctx, growPatience, progress, func() ([]string, error) { return h.waiting(ctx) },
		"volumes have not grown within "+growPatience.String()+": %s; some storage grows only once its pods are made anew: "+
			"`gpk stop --scale-to-zero` and `gpk start` do that, then run this again")
}
