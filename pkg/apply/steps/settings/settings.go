// Package settings owns the server settings of a running database: what the instances' files set, which settings wait for a restart,
// and every change of them with gpconfig.
package settings

import (
	"context"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/sets"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// Settings reads the settings of a cluster's instances.
type Settings struct {
	remote *remote.Pods
	db     *database.Database
}

// New reads the settings of this database.
func New(r *remote.Pods, d *database.Database) *Settings { return &Settings{remote: r, db: d} }

// Register adds the handlers of server settings.
func Register(r engine.Handlers, store *record.Store, s *Settings) {
	engine.Handle(r, func(a plan.Configure) engine.Handler {
		return &configureHandler{store, s, plan.Written{Settings: a.Settings}}
	})
	engine.Handle(r, func(a plan.Valid) engine.Handler { return &validHandler{settings: s, action: a} })
	engine.Handle(r, func(a plan.Written) engine.Handler { return &writtenHandler{s, a} })
	engine.Handle(r, func(a plan.Effective) engine.Handler { return &effectiveHandler{s, a.Names, a.Before} })
	engine.Handle(r, func(a plan.Kept) engine.Handler { return &driftHandler{store: store, settings: s, wanted: a.Settings} })
}

// ServerSettings reads settings from the acting coordinator. It leaves out those that the server does not know.
func (s *Settings) ServerSettings(ctx context.Context, acting database.Acting, names []string) ([]segments.ServerSetting, error) {
	out, err := s.db.Query(ctx, acting, "postgres", segments.ServerSettingsSQL(engine.Lower(names)))
	if err != nil {
		return nil, err
	}
	return segments.ParseServerSettings(out)
}

// PendingSettings are those of the settings that take effect at the next restart.
func (s *Settings) PendingSettings(ctx context.Context, names []string) ([]string, error) {
	acting, err := s.db.Acting(ctx)
	if err != nil {
		return nil, err
	}
	return s.pending(ctx, acting, names)
}

// pending asks the coordinator and every acting primary: a setting may have changed on some of them only.
func (s *Settings) pending(ctx context.Context, acting database.Acting, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return s.words(ctx, acting, segments.PendingSQL(engine.Lower(names)))
}

// hidden are those of the settings, in lower case, that the server knows and does not list.
func (s *Settings) hidden(ctx context.Context, acting database.Acting, names []string) (sets.Set[string], error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := s.db.Query(ctx, acting, "postgres", segments.HiddenSQL(engine.Lower(names)))
	return sets.New(strings.Fields(out)...), err
}

// answer is what one instance printed, or why it could not be asked.
type answer struct {
	row segments.Row
	out string
	err error
}

// ask runs SQL on the coordinator and on every acting primary, each by itself. Mirrors and the standby have no sessions to ask in.
func (s *Settings) ask(ctx context.Context, acting database.Acting, sql string) ([]answer, error) {
	rows := acting.Catalogue.Acting().Up()
	answers := make([]answer, len(rows))
	err := engine.Each(ctx, rows, func(ctx context.Context, i int, row segments.Row) error {
		out, err := s.remote.Run(ctx, row.Pod(), segments.SegmentPsql(row.Port, sql))
		answers[i] = answer{row, out, err}
		return ctx.Err()
	})
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return answers, err
}

func (s *Settings) trial() trial { return trial{s.remote} }

func (s *Settings) stopped() stoppedFiles { return stoppedFiles{s.remote} }

// words are all words that SQL prints on the coordinator and the acting primaries, in order.
func (s *Settings) words(ctx context.Context, acting database.Acting, sql string) ([]string, error) {
	answers, err := s.ask(ctx, acting, sql)
	var found []string
	for _, a := range answers {
		if err == nil {
			err = a.err
		}
		found = append(found, strings.Fields(a.out)...)
	}
	slices.Sort(found)
	return slices.Compact(found), err
}
