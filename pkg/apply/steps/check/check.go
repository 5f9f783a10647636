// Package check owns the looks at what a new cluster needs, before anything of it is made: the user's rights, the release of Kubernetes,
// and the image, which a short-lived pod looks into.
package check

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// Register adds the handlers of the looks, and of what they may leave behind.
func Register(r engine.Handlers, k *kube.Client, p *pods.Pods) {
	engine.Handle(r, func(a plan.Allowed) engine.Handler { return &allowedHandler{kube: k, action: a} })
	engine.Handle(r, func(plan.Kubernetes) engine.Handler { return &kubernetesHandler{kube: k} })
	engine.Handle(r, func(a plan.Inspected) engine.Handler { return &inspectedHandler{kube: k, pods: p, action: a} })
	engine.Handle(r, func(a plan.LeftOver) engine.Handler { return &leftOverHandler{kube: k, left: p.ShortLived(a.Labels)} })
}

// leftOverHandler removes short-lived pods of a gpk that was killed.
type leftOverHandler struct {
	kube *kube.Client
	left pods.ShortLived
}

func (h *leftOverHandler) Check(ctx context.Context) (engine.Finding, error) {
	list, err := h.left.List(ctx)
	left := make([]metav1.Object, len(list))
	for i := range list {
		left[i] = &list[i]
	}
	return engine.PendingIf(kube.Exist("Pod", left)), err
}

func (h *leftOverHandler) Do(ctx context.Context, _ func(string)) error { return h.left.Remove(ctx) }

// unchecked is done, with a note: what gpk could not find out is no reason for a no.
func unchecked(what, reason string) engine.Finding {
	return engine.Finding{State: engine.Done, Details: []string{"gpk did not check " + what + ": " + reason}}
}
