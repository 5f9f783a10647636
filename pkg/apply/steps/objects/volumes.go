package objects

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// growableHandler blocks volumes that cannot grow.
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
		return engine.Finding{State: engine.Done,
			Details: []string{"gpk did not check whether the storage classes let volumes grow: you may not list them"}}, nil
	}
	if err != nil {
		return engine.Finding{}, fmt.Errorf("storage classes: %w", err)
	}
	if faults := rigid(small, list.Items); len(faults) > 0 {
		return engine.BlockedBy(strings.Join(faults, "; "),
			"nothing was changed: if the provisioner can do it, an administrator allows it in the storage class; "+
				"else more segments bring more volumes: ", plan.Gpk("expand")), nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// rigid says why claims cannot grow, in order.
func rigid(claims []*corev1.PersistentVolumeClaim, classes []storagev1.StorageClass) []string {
	var faults []string
	for _, claim := range claims {
		name := ptr.Deref(claim.Spec.StorageClassName, "")
		grows := func(c storagev1.StorageClass) bool { return c.Name == name && ptr.Deref(c.AllowVolumeExpansion, false) }
		if name == "" {
			faults = append(faults, "the claim "+claim.Name+" has no storage class")
		} else if !slices.ContainsFunc(classes, grows) {
			faults = append(faults, "the storage class "+name+" does not let volumes grow (allowVolumeExpansion)")
		}
	}
	slices.Sort(faults)
	return slices.Compact(faults)
}

// requested is the size that a claim requests.
func requested(claim *corev1.PersistentVolumeClaim) *resource.Quantity {
	return claim.Spec.Resources.Requests.Storage()
}

// actual is the size that a claim's volume has.
func actual(claim *corev1.PersistentVolumeClaim) *resource.Quantity {
	return claim.Status.Capacity.Storage()
}

// smaller are those of the live claims that are smaller than wanted.
func smaller(ctx context.Context, k *kube.Client, wanted []*corev1.PersistentVolumeClaim,
	size func(*corev1.PersistentVolumeClaim) *resource.Quantity) ([]*corev1.PersistentVolumeClaim, error) {
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
		if there := live[claim.Name]; there != nil && size(there).Cmp(*requested(claim)) < 0 {
			found = append(found, there)
		}
	}
	return found, nil
}

// grownHandler waits until volumes have grown. The step before changes what their claims request.
type grownHandler struct {
	kube   *kube.Client
	action plan.Grown
}

func (h *grownHandler) Check(ctx context.Context) (engine.Finding, error) {
	details, err := h.waiting(ctx)
	return engine.PendingIf(details), err
}

func (h *grownHandler) waiting(ctx context.Context) ([]string, error) {
	small, err := smaller(ctx, h.kube, h.action.Claims, actual)
	var details []string
	for _, claim := range small {
		detail := fmt.Sprintf("the volume of the claim %s has %s", claim.Name, actual(claim))
		for _, c := range claim.Status.Conditions {
			if c.Status == corev1.ConditionTrue {
				detail += strings.TrimRight(": "+string(c.Type)+" "+c.Message, " ")
			}
		}
		details = append(details, detail)
	}
	return details, err
}

// growPatience is how long gpk waits for a volume: a provider takes minutes at most, and some need a new pod.
const growPatience = 10 * time.Minute

func (h *grownHandler) Do(ctx context.Context, progress func(string)) error {
	err := engine.Until(ctx, growPatience, progress, func() ([]string, error) { return h.waiting(ctx) },
		"volumes have not grown within "+growPatience.String()+": %s")
	var timeout *engine.TimeoutError
	if !errors.As(err, &timeout) || ctx.Err() != nil {
		return err
	}
	return &engine.NextError{Err: err, Next: engine.Next("some storage grows only under new pods: ", plan.Gpk("stop", "--scale-to-zero"),
		", then ", plan.Gpk("start"), ", then run this again")}
}
