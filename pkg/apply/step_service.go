package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// exposeHandler points the clients' Service at the acting coordinator's pod. Before that it lets the pods know, which read
// it when they restart: at no time does the Service lead to a pod that would not come back as the coordinator.
type exposeHandler struct {
	target *Target
	action plan.Expose
}

func (h *exposeHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookAt(ctx, h.look)
}

func (h *exposeHandler) look(ctx context.Context, acting Acting) (Finding, error) {
	var details []string
	_, decided, err := h.target.toDecide(ctx, actsIn(acting.Pod, h.action.Hosts))
	if err != nil {
		return Finding{}, err
	}
	if !decided {
		details = append(details, fmt.Sprintf("ConfigMap %s: the acting coordinator is in pod %s", plan.StateName(h.target.Ref.Name), acting.Pod))
	}
	difference, err := h.target.difference(ctx, h.service(acting.Pod), actingManager)
	if err != nil {
		return Finding{}, err
	}
	if difference != "" {
		details = append(details, fmt.Sprintf("%s: the acting coordinator is in pod %s", difference, acting.Pod))
	}
	return pendingIf(details), nil
}

func (h *exposeHandler) Do(ctx context.Context, _ func(string)) error {
	acting, err := h.target.lately(ctx)
	if err != nil {
		return err
	}
	if _, err := h.target.decide(ctx, actsIn(acting.Pod, h.action.Hosts)); err != nil {
		return err
	}
	_, err = h.target.apply(ctx, h.service(acting.Pod), actingManager, false)
	return err
}

func (h *exposeHandler) service(pod string) plan.Object {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: h.action.Service, Namespace: h.target.Ref.Namespace},
		Spec:       corev1.ServiceSpec{Selector: plan.PodSelector(pod)},
	}
}

// settlePatience bounds the waits for what follows by itself within moments: endpoints after a selector, mirrors
// catching up after they were made.
const settlePatience = 2 * time.Minute

// syncedHandler waits until every instance is up and every pair is in sync.
type syncedHandler struct{ target *Target }

func (h *syncedHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookAt(ctx, h.look)
}

func (h *syncedHandler) look(_ context.Context, acting Acting) (Finding, error) {
	return pendingIf(acting.Catalogue.Unhealthy()), nil
}

// Do asks for a probe of all segments before each look: the catalogue is only as fresh as the last one.
func (h *syncedHandler) Do(ctx context.Context, progress func(string)) error {
	return until(ctx, settlePatience, progress, func() ([]string, error) {
		acting, err := h.target.probed(ctx)
		return acting.Catalogue.Unhealthy(), err
	}, "%s")
}

// verifyHandler reads rows of a distributed table through the clients' Service, as a client would, and writes them where
// they are not.
type verifyHandler struct {
	target *Target
	action plan.Verify
}

// Check asks the acting coordinator and reads the rows at once: neither needs the other's answer.
func (h *verifyHandler) Check(ctx context.Context) (Finding, error) {
	var out string
	var reading error
	read := make(chan struct{})
	go func() {
		defer close(read)
		out, reading = h.target.remote.Run(ctx, h.client(ctx), segments.Psql("postgres", h.action.Host, segments.VerifyReadSQL))
	}()
	finding, err := h.target.lookAt(ctx, func(_ context.Context, acting Acting) (Finding, error) {
		<-read
		var exit *remote.Error
		if errors.As(reading, &exit) {
			return pendingIf([]string{exit.Why()}), nil
		}
		if reading == nil {
			if fault := segments.ParseVerify(out, acting.Catalogue.Primaries()); fault != nil {
				return pendingIf([]string{fault.Error()}), nil
			}
		}
		return Finding{State: Done}, reading
	})
	<-read
	return finding, err
}

func (h *verifyHandler) Do(ctx context.Context, progress func(string)) error {
	return until(ctx, settlePatience, progress, func() ([]string, error) {
		_, err := h.target.remote.Run(ctx, h.client(ctx), segments.Psql("postgres", h.action.Host, segments.VerifyWriteSQL()))
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
	pods, err := h.target.Pods(ctx)
	if err != nil {
		return h.action.From
	}
	found := ""
	for i := range pods {
		if !ready(&pods[i]) || pods[i].Labels[plan.ComponentLabel] == string(topology.CoordinatorComponent) {
			continue
		}
		if pods[i].Name == h.action.From {
			return h.action.From
		}
		found = pods[i].Name
	}
	return cmp.Or(found, h.action.From)
}
