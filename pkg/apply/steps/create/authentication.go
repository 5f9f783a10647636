package create

import (
	"context"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// authenticationHandler gives every instance that is up its pg_hba.conf as a whole. Greenplum's utilities add lines to it, with the addresses
// or names that pods have at the moment, and take none away.
type authenticationHandler struct {
	db     *database.Database
	action plan.Authentication
}

func (h *authenticationHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		if hosts := acting.Catalogue.FullNames(); len(hosts) > 0 {
			return database.EarlierGpk("the catalogue has the host " + hosts[0]), nil
		}
		differ, err := h.db.Unauthenticated(ctx, acting, h.action)
		return engine.PendingIf(differ), err
	})
}

func (h *authenticationHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.db.RecentActing(ctx)
	if err != nil {
		return err
	}
	return h.db.Authenticate(ctx, acting, h.action)
}
