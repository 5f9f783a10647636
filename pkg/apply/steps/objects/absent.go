package objects

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/plan"
)

// absentHandler deletes objects of a kind by their names.
type absentHandler struct {
	kube   *kube.Client
	action plan.Absent
}

func (h *absentHandler) Check(ctx context.Context) (engine.Finding, error) {
	left, err := h.kube.Existing(ctx, h.action.Kind, h.action.Names)
	return engine.PendingIf(left), err
}

// gonePatience is longer than pods get to stop their instances.
const gonePatience = 5 * time.Minute

func (h *absentHandler) Do(ctx context.Context, progress func(string)) error {
	k, err := kube.KindOf(h.action.Kind)
	if err != nil {
		return err
	}
	err = engine.Each(ctx, h.action.Names, func(ctx context.Context, _ int, name string) error {
		err := k.Group(h.kube.API).Delete().Namespace(h.kube.Ref.Namespace).Resource(k.Resource.Resource).Name(name).Do(ctx).Error()
		if err != nil && !apierrors.IsNotFound(err) {
			return fmt.Errorf("%s/%s: %w", h.action.Kind, name, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return engine.Until(ctx, gonePatience, progress, func() ([]string, error) {
		return h.kube.Existing(ctx, h.action.Kind, h.action.Names)
	}, "after "+gonePatience.String()+": %s")
}
