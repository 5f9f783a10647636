package create

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
)

// exposeHandler points the clients' Service at the acting coordinator's pod. It records that pod first, for pods that restart: the Service
// never leads to a pod that would not start its coordinator again.
type exposeHandler struct {
	kube   *kube.Client
	store  *record.Store
	db     *database.Database
	action plan.Expose
}

func (h *exposeHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, func(ctx context.Context, acting database.Acting) (engine.Finding, error) {
		var details []string
		_, decided, err := h.store.ToDecide(ctx, record.ActsIn(acting.Pod, h.action.Hosts))
		if err != nil {
			return engine.Finding{}, err
		}
		if !decided {
			details = append(details, fmt.Sprintf("ConfigMap %s: the acting coordinator is in pod %s", plan.StateName(h.kube.Ref.Name), acting.Pod))
		}
		difference, err := h.kube.Difference(ctx, h.service(acting.Pod), kube.ActingManager)
		if difference != "" {
			details = append(details, fmt.Sprintf("%s: the acting coordinator is in pod %s", difference, acting.Pod))
		}
		return engine.PendingIf(details), err
	})
}

func (h *exposeHandler) Do(ctx context.Context, progress func(string)) error {
	acting, err := h.db.RecentActing(ctx)
	if err != nil {
		return err
	}
	if err := h.db.Announce(ctx, record.ActsIn(acting.Pod, h.action.Hosts), progress); err != nil {
		return err
	}
	_, err = h.kube.Apply(ctx, h.service(acting.Pod), kube.ActingManager, false)
	return err
}

func (h *exposeHandler) service(pod string) plan.Object {
	return &corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: h.action.Service, Namespace: h.kube.Ref.Namespace},
		Spec:       corev1.ServiceSpec{Selector: plan.PodSelector(pod)},
	}
}

// hostsHandler records the hosts of all pods where the pods read them.
type hostsHandler struct {
	store  *record.Store
	action plan.Hosts
}

func (h *hostsHandler) Check(ctx context.Context) (engine.Finding, error) {
	_, known, err := h.store.ToDecide(ctx, h.decision())
	if err != nil || known {
		return engine.Finding{State: engine.Done}, err
	}
	return engine.PendingIf([]string{fmt.Sprintf("the pods do not know all %d hosts yet", len(h.action.Hosts))}), nil
}

func (h *hostsHandler) Do(ctx context.Context, _ func(string)) error {
	_, err := h.store.Decide(ctx, h.decision())
	return err
}

func (h *hostsHandler) decision() map[string]string {
	return map[string]string{plan.StateHosts: record.HostLines(h.action.Hosts)}
}
