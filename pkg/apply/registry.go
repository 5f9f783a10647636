package apply

import (
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/steps/capacity"
	"gpk/pkg/apply/steps/create"
	"gpk/pkg/apply/steps/expand"
	"gpk/pkg/apply/steps/failover"
	"gpk/pkg/apply/steps/objects"
	"gpk/pkg/apply/steps/recovery"
	"gpk/pkg/apply/steps/settings"
	"gpk/pkg/apply/steps/standby"
	"gpk/pkg/apply/steps/window"
)

// registerAll is the only place that knows all rooms.
func (t *Target) registerAll() engine.Handlers {
	r := engine.Handlers{}
	objects.Register(r, t.kube, t.store, t.pods)
	capacity.Register(r, t.kube, t.pods)
	create.Register(r, t.kube, t.remote, t.store, t.pods, t.db)
	standby.Register(r, t.remote, t.pods, t.db)
	settings.Register(r, t.store, t.settings)
	window.Register(r, t.kube, t.remote, t.store, t.pods, t.db)
	failover.Register(r, t.kube, t.remote, t.store, t.db, t.former)
	recovery.Register(r, t.remote, t.pods, t.db)
	expand.Register(r, t.kube, t.remote, t.pods, t.db, t.redistribution)
	return r
}
