package create

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// databaseHandler makes the user's database with its extensions.
type databaseHandler struct {
	db     *database.Database
	action plan.Database
}

func (h *databaseHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		details, err := h.missing(ctx, acting)
		return engine.PendingIf(details), err
	})
}

// missing describes what the database lacks.
func (h *databaseHandler) missing(ctx context.Context, acting database.Acting) ([]string, error) {
	if exists, err := h.exists(ctx, acting); err != nil || !exists {
		return []string{"database " + h.action.Name + " is missing"}, err
	}
	lacking, err := h.lacking(ctx, acting)
	for i, name := range lacking {
		lacking[i] = "extension " + name + " is missing"
	}
	return lacking, err
}

func (h *databaseHandler) exists(ctx context.Context, acting database.Acting) (bool, error) {
	if h.action.Name == "" {
		return true, nil
	}
	answer, err := h.db.Query(ctx, acting, "postgres", segments.DatabaseExistsSQL(h.action.Name))
	return answer == "t", err
}

// lacking are the extensions that the database does not have yet.
func (h *databaseHandler) lacking(ctx context.Context, acting database.Acting) ([]string, error) {
	if len(h.action.Extensions) == 0 {
		return nil, nil
	}
	out, err := h.db.Query(ctx, acting, h.name(), segments.MissingExtensionsSQL(h.action.Extensions))
	return strings.Fields(out), err
}

// name is the database that the extensions are for.
func (h *databaseHandler) name() string { return cmp.Or(h.action.Name, "postgres") }

func (h *databaseHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.RecentActing(ctx)
	if err != nil {
		return err
	}
	exists, err := h.exists(ctx, acting)
	if err == nil && !exists {
		_, err = h.db.Query(ctx, acting, "postgres", segments.CreateDatabaseSQL(h.action.Name))
	}
	if err != nil {
		return err
	}
	lacking, err := h.lacking(ctx, acting)
	if err != nil {
		return err
	}
	for _, name := range lacking {
		if _, err := h.db.Query(ctx, acting, h.name(), segments.CreateExtensionSQL(name)); err != nil {
			return fmt.Errorf("extension %s in database %s: %w", name, h.name(), err)
		}
	}
	return nil
}
