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

// rooms are what operations themselves ask of the rooms of steps.
type rooms struct {
	old            *failover.OldCoordinator
	redistribution *expand.Redistribution
	settings       *settings.Settings
}

// register fills in the handlers of all actions, and the rooms. Nothing else knows all rooms.
func (t *Target) register() {
	t.rooms = rooms{
		old:            failover.New(t.kube, t.remote, t.store, t.pods, t.db),
		redistribution: expand.NewRedistribution(t.remote, t.db),
		settings:       settings.New(t.remote, t.db),
	}
	r := engine.Handlers{}
	objects.Register(r, t.kube, t.store, t.pods)
	capacity.Register(r, t.kube, t.pods)
	create.Register(r, t.kube, t.remote, t.store, t.pods, t.db)
	standby.Register(r, t.remote, t.pods, t.db)
	settings.Register(r, t.store, t.settings)
	window.Register(r, t.kube, t.remote, t.store, t.pods, t.db)
	failover.Register(r, t.old)
	recovery.Register(r, t.remote, t.pods, t.db)
	expand.Register(r, t.kube, t.pods, t.redistribution)
	t.handlers = r
}
