package settings

import (
	"context"
	"slices"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
)

// ServerSettings are settings as the acting coordinator has them, without those that it does not know.
func (s *Settings) ServerSettings(ctx context.Context, acting database.Acting, names []string) ([]segments.ServerSetting, error) {
	out, err := s.db.Query(ctx, acting, "postgres", segments.ServerSettingsSQL(engine.Lower(names)))
	if err != nil {
		return nil, err
	}
	return segments.ParseServerSettings(out)
}

// PendingSettings are those of the settings that count from the next restart on only.
func (s *Settings) PendingSettings(ctx context.Context, names []string) ([]string, error) {
	acting, err := s.db.Acting(ctx)
	if err != nil {
		return nil, err
	}
	return s.pending(ctx, acting, names)
}

// pending asks the coordinator and every acting primary: a setting may have changed on the one and not on the others.
func (s *Settings) pending(ctx context.Context, acting database.Acting, names []string) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return s.ofPrimaries(ctx, acting, segments.PendingSQL(engine.Lower(names)))
}

// ofPrimaries are the words that SQL prints on the coordinator or any acting primary, in order.
func (s *Settings) ofPrimaries(ctx context.Context, acting database.Acting, sql string) ([]string, error) {
	asked := acting.Catalogue.Acting().Up()
	answers := make([][]string, len(asked))
	err := engine.Each(ctx, asked, func(ctx context.Context, i int, row segments.Row) error {
		out, err := s.remote.Run(ctx, row.Pod(), segments.SegmentPsql(row.Port, sql))
		answers[i] = strings.Fields(out)
		return err
	})
	found := slices.Concat(answers...)
	slices.Sort(found)
	return slices.Compact(found), err
}

// hidden are those of the settings, in lower case, that the server does not list.
func (s *Settings) hidden(ctx context.Context, acting database.Acting, names []string) (map[string]bool, error) {
	if len(names) == 0 {
		return nil, nil
	}
	out, err := s.db.Query(ctx, acting, "postgres", segments.HiddenSQL(engine.Lower(names)))
	found := map[string]bool{}
	for _, name := range strings.Fields(out) {
		found[name] = true
	}
	return found, err
}
