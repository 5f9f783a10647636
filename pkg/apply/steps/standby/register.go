package standby

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// Register adds the handler of the standby coordinator, with the rules of each operation that makes one.
func Register(r engine.Handlers, remote *remote.Pods, p *pods.Pods, db *database.Database) {
	handler := func(coordinators []topology.Instance, rules rules) engine.Handler {
		return &handler{remote: remote, pods: p, db: db, coordinators: coordinators, rules: rules}
	}
	engine.Handle(r, func(a plan.Standby) engine.Handler {
		return handler([]topology.Instance{a.Instance}, rules{})
	})
	engine.Handle(r, func(a plan.Rebuild) engine.Handler { return handler(a.Pods, rebuild(a)) })
	engine.Handle(r, func(a plan.RebuildFirst) engine.Handler {
		rules := rebuild(a.Rebuild)
		rules.skip, rules.triesOnce = &skip{note: ": the segments are recovered first"}, true
		return handler(a.Pods, rules)
	})
}

// rebuild are the rules of failover and recover.
func rebuild(a plan.Rebuild) rules {
	rules := rules{replaces: true, fromScratch: a.Anew}
	if a.IfReachable {
		rules.skip = &skip{next: engine.Next(plan.Gpk("recover"), " makes one when the pod is back")}
	}
	return rules
}
