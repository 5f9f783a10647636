package capacity

import (
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// Register adds the handlers of the question whether there is room.
func Register(r engine.Handlers, k *kube.Client, p *pods.Pods) {
	engine.Handle(r, func(a plan.Capacity) engine.Handler { return &capacityHandler{kube: k, pods: p, action: a} })
}
