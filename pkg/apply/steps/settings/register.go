package settings

import (
	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// Register adds the handlers of server settings.
func Register(r engine.Handlers, remote *remote.Pods, store *record.Store, db *database.Database, s *Settings) {
	engine.Handle(r, func(a plan.Configure) engine.Handler {
		return &configureHandler{remote: remote, store: store, db: db, settings: s, action: a}
	})
	engine.Handle(r, func(a plan.Valid) engine.Handler {
		return &validHandler{remote: remote, db: db, settings: s, action: a}
	})
	engine.Handle(r, func(a plan.Written) engine.Handler {
		return &writtenHandler{remote: remote, store: store, db: db, settings: s, action: a}
	})
	engine.Handle(r, func(a plan.Effective) engine.Handler { return &effectiveHandler{db: db, settings: s, action: a} })
	engine.Handle(r, func(a plan.Kept) engine.Handler { return &keptHandler{store: store, db: db, settings: s, action: a} })
}
