package create

import (
	"context"
	"errors"
	"sync"
	"time"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// verifyHandler reads rows of a distributed table through the clients' Service, as a client does, and writes them if they are missing.
type verifyHandler struct {
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	action plan.Verify
}

// Check asks the acting coordinator and reads the rows at once: neither needs the other's answer.
func (h *verifyHandler) Check(ctx context.Context) (engine.Finding, error) {
	read := sync.OnceValues(func() (string, error) {
		return h.remote.Run(ctx, h.client(ctx), segments.Psql("postgres", h.action.Host, segments.VerifyReadSQL()))
	})
	go func() { _, _ = read() }()
	defer func() { _, _ = read() }()
	return h.db.WithActing(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		out, err := read()
		if exit, failed := errors.AsType[*remote.Error](err); failed {
			return engine.PendingIf([]string{exit.Why()}), nil
		}
		if err != nil {
			return engine.Finding{}, err
		}
		if fault := segments.ParseVerify(out, acting.Catalogue.Primaries()); fault != nil {
			return engine.PendingIf([]string{fault.Error()}), nil
		}
		return engine.Finding{State: engine.Done}, nil
	})
}

// probePause is how long a row may take to be written before gpk has the segments probed.
const probePause = 5 * time.Second

// Do writes the rows. A commit waits for a mirror that is gone until the server has marked it as down, and by itself the server probes
// once a minute.
func (h *verifyHandler) Do(ctx context.Context, progress func(string)) error {
	probing, stop := context.WithCancel(ctx)
	var probes sync.WaitGroup
	probes.Go(func() {
		for engine.Sleep(probing, probePause) == nil {
			_, _ = h.db.Probed(probing) // the row says whether it helped
		}
	})
	defer probes.Wait()
	defer stop()
	return engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		_, err := h.remote.Run(ctx, h.client(ctx), segments.Psql("postgres", h.action.Host, segments.VerifyWriteSQL()))
		if exit, failed := errors.AsType[*remote.Error](err); failed {
			return []string{exit.Error()}, nil
		}
		return nil, err
	}, "%s")
}

// client is the pod that plays the client: the one of the plan if it is ready, or else another ready one. A pod on a lost node is not
// ready.
func (h *verifyHandler) client(ctx context.Context) string {
	list, _ := h.pods.List(ctx)
	found := h.action.From
	for i := range list {
		if !pods.Ready(&list[i]) || list[i].Labels[plan.ComponentLabel] == string(topology.CoordinatorComponent) {
			continue
		}
		if list[i].Name == h.action.From {
			return h.action.From
		}
		found = list[i].Name
	}
	return found
}

// syncedHandler waits until every instance is up and every pair is in sync.
type syncedHandler struct {
	db     *database.Database
	action plan.Synced
}

func (h *syncedHandler) Check(ctx context.Context) (engine.Finding, error) {
	finding, err := h.db.WithActing(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		return engine.PendingIf(acting.Catalogue.Unhealthy()), nil
	})
	if h.action.Running && finding.State == engine.Unknown {
		finding.State = engine.Done
	}
	return finding, err
}

// Do has all segments probed before it reads the catalogue, which is only as new as the last probe.
func (h *syncedHandler) Do(ctx context.Context, progress func(string)) error {
	return engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		acting, err := h.db.Probed(ctx)
		return acting.Catalogue.Unhealthy(), err
	}, "%s")
}
