package create

import (
	"cmp"
	"context"
	"errors"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// verifyHandler reads rows of a distributed table through the clients' Service, as a client would, and writes them where
// they are not.
type verifyHandler struct {
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	action plan.Verify
}

// Check asks the acting coordinator and reads the rows at once: neither needs the other's answer.
func (h *verifyHandler) Check(ctx context.Context) (engine.Finding, error) {
	var out string
	var reading error
	read := make(chan struct{})
	go func() {
		defer close(read)
		out, reading = h.remote.Run(ctx, h.client(ctx), segments.Psql("postgres", h.action.Host, segments.VerifyReadSQL))
	}()
	finding, err := h.db.LookAt(ctx, func(_ context.Context, acting database.Acting) (engine.Finding, error) {
		<-read
		var exit *remote.Error
		if errors.As(reading, &exit) {
			return engine.PendingIf([]string{exit.Why()}), nil
		}
		if reading == nil {
			if fault := segments.ParseVerify(out, acting.Catalogue.Primaries()); fault != nil {
				return engine.PendingIf([]string{fault.Error()}), nil
			}
		}
		return engine.Finding{State: engine.Done}, reading
	})
	<-read
	return finding, err
}

func (h *verifyHandler) Do(ctx context.Context, progress func(string)) error {
	return engine.Until(ctx, database.SettlePatience, progress, func() ([]string, error) {
		_, err := h.remote.Run(ctx, h.client(ctx), segments.Psql("postgres", h.action.Host, segments.VerifyWriteSQL()))
		var exit *remote.Error
		if errors.As(err, &exit) {
			return []string{exit.Error()}, nil
		}
		return nil, err
	}, "%s")
}

// client is the pod that plays the client: the one that the plan names or, while that is not ready, another one that is. A
// node that is lost takes its pods' readiness with it.
func (h *verifyHandler) client(ctx context.Context) string {
	list, err := h.pods.List(ctx)
	if err != nil {
		return h.action.From
	}
	found := ""
	for i := range list {
		if !pods.Ready(&list[i]) || list[i].Labels[plan.ComponentLabel] == string(topology.CoordinatorComponent) {
			continue
		}
		if list[i].Name == h.action.From {
			return h.action.From
		}
		found = list[i].Name
	}
	return cmp.Or(found, h.action.From)
}
