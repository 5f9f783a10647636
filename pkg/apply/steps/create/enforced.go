package create

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
)

// probePatience is how long a pod gets to come up and to try the doors: six seconds each, all at once.
const probePatience = time.Minute

// enforcedHandler tries once whether the network keeps other pods from the cluster's. It ends no command: a cluster on a network without
// policies works, and anybody who sees its status is told.
type enforcedHandler struct {
	kube   *kube.Client
	store  *record.Store
	pods   *pods.Pods
	action plan.Enforced
	// why is why nothing is known.
	why string
}

func (h *enforcedHandler) Check(ctx context.Context) (engine.Finding, error) {
	state, err := h.store.State(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	switch state[plan.StateNetwork] {
	case plan.NetworkEnforced:
		return engine.Finding{State: engine.Done}, nil
	case plan.NetworkOpen:
		return engine.Finding{State: engine.Done, Details: []string{OpenNetwork}, Next: engine.Next(
			"use a network plugin that enforces NetworkPolicies (docs/rights.md)")}, nil
	case plan.NetworkUnknown:
		if h.why == "" {
			return engine.Finding{State: engine.Done}, nil
		}
		return engine.Finding{State: engine.Done, Details: []string{"could not find out whether network policies are enforced: " + h.why}}, nil
	}
	return engine.PendingIf([]string{"not tried yet"}), nil
}

// OpenNetwork says that the network does not keep other pods away.
const OpenNetwork = "the network does not enforce NetworkPolicies: every pod that reaches the segments' ports is any role of the " +
	"database, without a password"

func (h *enforcedHandler) Do(ctx context.Context, progress func(string)) error {
	answer, err := h.try(ctx, progress)
	if ctx.Err() != nil {
		return err
	}
	if err != nil {
		// What keeps a pod that is not the cluster's from being made or from answering is no fault of the cluster.
		h.why, answer = err.Error(), plan.NetworkUnknown
	}
	_, err = h.store.Decide(ctx, map[string]string{plan.StateNetwork: answer})
	return err
}

// try has a pod that is not the cluster's try the doors.
func (h *enforcedHandler) try(ctx context.Context, progress func(string)) (answer string, err error) {
	probes := h.pods.ShortLived(plan.ProbeLabels(h.kube.Ref.Name))
	if err := probes.Remove(ctx); err != nil {
		return "", err
	}
	running, err := h.pods.ByName(ctx)
	if err != nil {
		return "", err
	}
	on := running[h.action.On]
	if on == nil {
		return "", fmt.Errorf("pod %s is missing", h.action.On)
	}
	defer func() { err = errors.Join(err, probes.RemoveAfter(ctx)) }()
	if err := probes.Create(ctx, h.action.Pod, []string{on.Spec.NodeName}); err != nil {
		return "", err
	}
	said, err := h.said(ctx, probes, progress)
	if err != nil {
		return "", err
	}
	open, clients, err := h.action.Doors.ParseProbe(said)
	switch {
	case err != nil:
		return "", err
	case len(open) > 0:
		progress("a pod that is not the cluster's reached " + strings.Join(open, " and "))
		return plan.NetworkOpen, nil
	case !clients:
		return "", fmt.Errorf("a pod that is not the cluster's did not reach %s either, which is open to clients", h.action.Doors.Clients)
	}
	return plan.NetworkEnforced, nil
}

// said waits for what the pod has printed.
func (*enforcedHandler) said(ctx context.Context, probes pods.ShortLived, progress func(string)) (said string, err error) {
	err = engine.Until(ctx, probePatience, progress, func() ([]string, error) {
		list, err := probes.List(ctx)
		for i := range list {
			if err := pods.CannotStart(&list[i]); err != nil {
				return nil, err
			}
			if end, _ := pods.Ended(&list[i]); end != nil {
				said = end.Message
				return nil, nil
			}
		}
		return []string{"the pod has not tried the ports yet"}, err
	}, "%s")
	return said, err
}
