// Package capacity owns the question whether a cluster's pods would start: whether storage, quotas and nodes have room for them.
package capacity

import (
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// Register adds the handler of plan.Capacity.
func Register(r engine.Handlers, k *kube.Client, p *pods.Pods) {
	engine.Handle(r, func(a plan.Capacity) engine.Handler { return &capacityHandler{kube: k, pods: p, action: a} })
}
