package standby

import (
	"context"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
)

// rebuildFirstHandler makes a standby if its pod answers, and keeps the steps after it from nothing if that fails: gpinitstandby
// wants the primaries, and of the hosts that it does not reach it leaves the pg_hba.conf as it is.
type rebuildFirstHandler struct {
	rebuildHandler
	// tried: it was, and what is lacking still is not what the step is about.
	tried bool
}

func (h *rebuildFirstHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.tried {
		return engine.Finding{State: engine.Done}, nil
	}
	return h.db.LookAt(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		finding, err := h.look(ctx, acting)
		if err != nil || finding.State == engine.Done {
			return finding, err
		}
		place := h.place(acting).Pod
		answers, err := h.answers(ctx, acting, place)
		if err == nil && !answers {
			finding = engine.Finding{State: engine.Done, Details: []string{
				fmt.Sprintf("%s, and pod %s does not answer: the segments come first", engine.FirstOf(finding.Details), place)}}
		}
		return finding, err
	})
}

func (h *rebuildFirstHandler) Do(ctx context.Context, progress func(string)) error {
	err := h.rebuildHandler.Do(ctx, progress)
	if err == nil || ctx.Err() != nil {
		return err
	}
	h.tried = true
	progress("it is tried again after the segments: " + err.Error())
	return nil
}
