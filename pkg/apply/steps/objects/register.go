// Package objects owns the steps that make, compare and delete the objects of a cluster, and that wait for its pods and volumes.
package objects

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
)

// Register adds the handlers that make, compare and delete objects, and that wait for pods and volumes.
func Register(r engine.Handlers, k *kube.Client, store *record.Store, p *pods.Pods, db *database.Database) {
	engine.Handle(r, func(a plan.Apply) engine.Handler { return applyFor(k, p, a) })
	engine.Handle(r, func(a plan.Keys) engine.Handler { return &keysHandler{kube: k, action: a} })
	engine.Handle(r, func(a plan.Present) engine.Handler { return &presentHandler{kube: k, action: a} })
	engine.Handle(r, func(a plan.Remove) engine.Handler { return &removeHandler{kube: k, pods: p, action: a} })
	engine.Handle(r, func(a plan.Absent) engine.Handler { return &absentHandler{kube: k, action: a} })
	engine.Handle(r, func(a plan.Orphaned) engine.Handler { return &orphanedHandler{kube: k, action: a} })
	engine.Handle(r, func(a plan.Growable) engine.Handler { return &growableHandler{kube: k, action: a} })
	engine.Handle(r, func(a plan.Grown) engine.Handler { return &grownHandler{kube: k, action: a} })
	engine.Handle(r, func(a plan.Admissible) engine.Handler { return &admissibleHandler{kube: k, pods: p, action: a} })
	engine.Handle(r, func(a plan.Running) engine.Handler {
		return &runningHandler{store: store, pods: p, db: db, action: a, patience: pods.PodPatience}
	})
	engine.Handle(r, func(a plan.Ready) engine.Handler {
		return &readyHandler{pods: p, db: db, action: a, patience: downPatience}
	})
}

// applyFor makes objects, and spreads the mirrors' pods if the plan asks for it.
func applyFor(k *kube.Client, p *pods.Pods, a plan.Apply) engine.Handler {
	h := applyHandler{kube: k, action: a}
	if a.Spread == nil {
		return &h
	}
	return &spreadHandler{h, p, nodePatience}
}
