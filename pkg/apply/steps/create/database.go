package create

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// databaseHandler makes the user's database, and the client authentication on the coordinator and the standby.
type databaseHandler struct {
	remote *remote.Pods
	db     *database.Database
	action plan.Database
}

func (h *databaseHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		details, err := h.missing(ctx, acting)
		return engine.PendingIf(details), err
	})
}

// missing describes what the database lacks. It asks all questions at once.
func (h *databaseHandler) missing(ctx context.Context, acting database.Acting) ([]string, error) {
	questions := []func(context.Context) ([]string, error){
		func(ctx context.Context) ([]string, error) { return h.missingInside(ctx, acting) },
		func(ctx context.Context) ([]string, error) { return h.db.RefusedHBA(ctx, acting, "") },
	}
	for _, pod := range database.CoordinatorPods(acting) {
		questions = append(questions, func(ctx context.Context) ([]string, error) {
			current, err := h.remote.Run(ctx, pod, segments.ReadHBA(topology.CoordinatorDir))
			if err != nil || segments.ReplaceHBA(current, h.action.HBA) == current {
				return nil, err
			}
			return []string{"pg_hba.conf in pod " + pod + " differs"}, nil
		})
	}
	answers := make([][]string, len(questions))
	err := engine.Each(ctx, questions, func(ctx context.Context, i int, ask func(context.Context) ([]string, error)) (err error) {
		answers[i], err = ask(ctx)
		return err
	})
	return slices.Concat(answers...), err
}

func (h *databaseHandler) missingInside(ctx context.Context, acting database.Acting) ([]string, error) {
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
	// The standby only gets rules that the acting coordinator accepts.
	if err := h.db.OfferHBA(ctx, acting, h.action.HBA); err != nil {
		return err
	}
	return engine.Each(ctx, database.CoordinatorPods(acting)[1:], func(ctx context.Context, _ int, pod string) error {
		return h.db.WriteHBA(ctx, pod, topology.CoordinatorDir, h.action.HBA)
	})
}
