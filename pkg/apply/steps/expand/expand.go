// Package expand owns the steps that give a cluster more segments with gpexpand, and redistribute the rows over them.
package expand

import (
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Register adds the handlers of an expansion.
func Register(r engine.Handlers, k *kube.Client, remote *remote.Pods, p *pods.Pods, db *database.Database, rows *Redistribution) {
	g := &gpexpand{remote: remote, pods: p, db: db}
	engine.Handle(r, func(a plan.Expandable) engine.Handler {
		return &expandableHandler{kube: k, db: db, gpexpand: g, redistribution: rows, action: a}
	})
	engine.Handle(r, func(a plan.Room) engine.Handler { return &roomHandler{db: db, gpexpand: g, action: a} })
	engine.Handle(r, func(a plan.Setup) engine.Handler { return &setupHandler{p, db, g, a} })
	engine.Handle(r, func(a plan.Complete) engine.Handler { return &completeHandler{remote, p, db, g, a} })
	engine.Handle(r, func(a plan.Unset) engine.Handler { return &rollbackHandler{db, g, a} })
	engine.Handle(r, func(a plan.Redistribute) engine.Handler {
		return &redistributeHandler{db: db, gpexpand: g, redistribution: rows, action: a}
	})
	engine.Handle(r, func(plan.DropExpansion) engine.Handler { return &dropSchemaHandler{remote, db, g, rows} })
	engine.Handle(r, func(plan.Analyze) engine.Handler { return &analyzeHandler{db: db} })
}

// blocked is a finding that a person must deal with, and how.
func blocked(found string, next ...any) engine.Finding {
	return engine.Finding{State: engine.Blocked, Details: []string{found}, Next: engine.Next(next...)}
}

// catalogued are the rows of those of the instances that the catalogue has, in any pod.
func catalogued(catalogue segments.Catalogue, instances []topology.Instance) segments.Catalogue {
	return slices.DeleteFunc(slices.Clone(catalogue), func(row segments.Row) bool {
		return !slices.ContainsFunc(instances, func(i topology.Instance) bool { return row.Content == i.Content && row.PreferredRole == i.Role })
	})
}
