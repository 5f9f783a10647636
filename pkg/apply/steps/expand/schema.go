package expand

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// dropSchemaHandler drops the schema gpexpand once all tables are redistributed: nothing else lists the tables that are left.
type dropSchemaHandler struct {
	remote         *remote.Pods
	db             *database.Database
	gpexpand       *gpexpand
	redistribution *Redistribution
}

func (h *dropSchemaHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		expansion, err := h.redistribution.progress(ctx, acting)
		switch {
		case err != nil || expansion.Status == "":
			return engine.Finding{State: engine.Done}, err
		case !expansion.Complete():
			return engine.BlockedBy("tables are not redistributed yet: "+expansion.String(), plan.Gpk("expand", "--resume")), nil
		}
		return engine.PendingIf([]string{"all tables are redistributed, and the schema gpexpand still exists"}), nil
	})
}

func (h *dropSchemaHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return err
	}
	if err := h.gpexpand.script(ctx, "unlock", database.PodDirs{Pod: acting.Pod}); err != nil {
		return err
	}
	_, err = h.remote.Run(ctx, acting.Pod, segments.DropExpansion())
	return err
}
