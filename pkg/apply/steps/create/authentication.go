package create

import (
	"context"
	"errors"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
)

// authenticationHandler gives every instance that is up its pg_hba.conf as a whole. Greenplum's utilities add lines to it, with the
// addresses or names that pods have at the moment, and take none away.
type authenticationHandler struct {
	db     *database.Database
	action plan.Authentication
	// refused are the lines that the server refuses, where the plan continues without them.
	refused string
}

func (h *authenticationHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.refused != "" {
		return engine.Finding{State: engine.Done, Details: []string{h.refused}, Next: engine.Next(
			"correct the line in spec.database.hba, then type ", plan.Gpk("create", "-f", "cluster.yaml", "--update"))}, nil
	}
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		if hosts := acting.Catalogue.FullNames(); len(hosts) > 0 {
			return h.earlier("the catalogue has the host " + hosts[0]), nil
		}
		differ, away, err := h.db.Unauthenticated(ctx, acting, h.action)
		if err != nil || len(differ) > 0 {
			return engine.PendingIf(differ), err
		}
		return h.without(away), nil
	})
}

// without is the finding where only pods that did not answer are left.
func (h *authenticationHandler) without(away []string) engine.Finding {
	if len(away) == 0 {
		return engine.Finding{State: engine.Done}
	}
	return engine.Finding{State: engine.Done, Details: []string{unasked(away)}, Next: engine.Next("repair the pods, then type ",
		plan.Gpk("recover"))}
}

func unasked(away []string) string {
	return "not asked for pg_hba.conf, since ssh did not reach them: " + engine.Few(away)
}

// earlier is the finding in a database of an earlier gpk, whose pods do not know each other by certificates.
func (h *authenticationHandler) earlier(shown string) engine.Finding {
	if h.action.Converting {
		return engine.Finding{State: engine.Unknown, Details: []string{shown}}
	}
	return engine.BlockedBy("an earlier gpk made the cluster: "+shown,
		"nothing was changed; convert it in a maintenance window: ", plan.Gpk("convert"))
}

func (h *authenticationHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.RecentActing(ctx)
	if err != nil {
		return err
	}
	done, err := h.db.Authenticate(ctx, acting, h.action)
	if h.refused = done.Refused; h.refused != "" {
		progress(h.refused)
	}
	if len(done.Away) > 0 {
		progress(unasked(done.Away))
	}
	if unencrypted, ok := errors.AsType[*database.UnencryptedError](err); ok {
		return &engine.NextError{Err: unencrypted, Next: engine.Next("restart the database: ", plan.Gpk("restart"), ", and run this again")}
	}
	return err
}
