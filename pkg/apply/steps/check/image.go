package check

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/plan"
)

// inspectedHandler looks into an image before anything of a cluster is made. Its Do makes a short-lived pod, reads what the pod has
// printed, and deletes the pod again. What keeps such a pod from being made or from running is no fault of the image: the step image looks
// later.
type inspectedHandler struct {
	kube   *kube.Client
	pods   *pods.Pods
	action plan.Inspected
	// found is what Do has found out.
	found *engine.Finding
}

func (h *inspectedHandler) Check(ctx context.Context) (engine.Finding, error) {
	if h.found != nil {
		return *h.found, nil
	}
	sets := make([]plan.Object, len(h.action.Sets))
	for i, set := range h.action.Sets {
		sets[i] = set
	}
	live, err := h.kube.LiveAll(ctx, sets)
	if err != nil {
		return engine.Finding{}, err
	}
	for _, set := range live {
		if set != nil {
			return engine.Finding{State: engine.Done}, nil
		}
	}
	for _, verb := range []string{"create", "delete"} {
		request := kube.Request{Verb: verb, Resource: "pods", Name: h.action.Pod.Name}
		if verb == "create" {
			// A pod that is posted has no name in the address, where the API server looks for it.
			request.Name = ""
		}
		switch may, err := h.kube.Rights().May(ctx, request); {
		case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
			return h.unseen(err.Error()), nil
		case err != nil:
			return engine.Finding{}, err
		case !may:
			return h.unseen(fmt.Sprintf("you may not %s pod %s", verb, h.action.Pod.Name)), nil
		}
	}
	return engine.PendingIf([]string{"not looked into yet"}), nil
}

func (h *inspectedHandler) reference() string { return h.action.Pod.Spec.Containers[0].Image }

// unseen is done, with a note.
func (h *inspectedHandler) unseen(reason string) engine.Finding {
	return unchecked("the image "+h.reference()+" before anything is made", reason)
}

// Do makes the pod, waits for what it prints, and deletes it, also if gpk is interrupted.
func (h *inspectedHandler) Do(ctx context.Context, progress func(string)) (err error) {
	inspectors := h.pods.ShortLived(plan.InspectorLabels(h.kube.Ref.Name))
	if err := inspectors.Remove(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, inspectors.RemoveAfter(ctx)) }()
	var found engine.Finding
	switch err := inspectors.Create(ctx, h.action.Pod, []string{pods.Anywhere}); {
	case isMissingNamespace(err):
		found = engine.BlockedBy(fmt.Sprintf("the namespace %q does not exist", h.kube.Ref.Namespace),
			fmt.Sprintf("make it with `kubectl create namespace %s`, or by ", h.kube.Ref.Namespace),
			plan.Gpk("create", "-f", "cluster.yaml", "--create-namespace"))
	case apierrors.IsAlreadyExists(err), err != nil && kube.Refusal(h.action.Pod, err) != "":
		found = h.unseen(err.Error())
	case err != nil:
		return err
	default:
		if found, err = h.await(ctx, inspectors, progress); err != nil {
			return err
		}
	}
	h.found = &found
	return nil
}

// isMissingNamespace: a pod that is posted has no name in the address, so nothing else can be missing.
func isMissingNamespace(err error) bool { return apierrors.IsNotFound(err) }

const (
	// schedulePatience is how long the pod, which asks for no resources, may stay without a node.
	schedulePatience = 30 * time.Second
	// configPatience is how long the kubelet may refuse to create the container, whose configuration is complete from the start.
	configPatience = 10 * time.Second
	// startPatience is how long the container may take to start, with a pull that goes on. After that the cluster's own pods tell more.
	startPatience = 10 * time.Minute
	// lookAgain is the pause between two looks at the pod.
	lookAgain = 200 * time.Millisecond
)

// await waits until the pod has ended. A pull has no time limit of its own: --timeout limits it. One that fails for the moment has.
func (h *inspectedHandler) await(ctx context.Context, inspectors pods.ShortLived, progress func(string)) (engine.Finding, error) {
	var waits wait
	for {
		list, err := inspectors.List(ctx)
		if err != nil {
			return engine.Finding{}, err
		}
		if len(list) == 0 {
			return h.unseen("pod " + h.action.Pod.Name + " is gone: perhaps another gpk deleted it"), nil
		}
		pod := &list[0]
		if err := pods.CannotStart(pod); err != nil {
			return engine.BlockedBy(err.Error(), correctImage), nil
		}
		switch end, refused := pods.Ended(pod); {
		case end != nil:
			return h.judge(end, pod.Spec.NodeName), nil
		case refused != "":
			return h.unseen(refused), nil
		}
		switch reason, over := waits.over(pod); {
		case over && pod.Spec.NodeName == "":
			return h.unseen(fmt.Sprintf("pod %s has no node after %s: %s", pod.Name, schedulePatience, reason)), nil
		case over && waits.stage == "start":
			return h.unseen(fmt.Sprintf("pod %s has not started within %s: %s", pod.Name, startPatience, reason)), nil
		case over:
			return engine.BlockedBy(fmt.Sprintf("pod %s, which looks into the image %s, does not start: %s", pod.Name, h.reference(), reason),
				correctImage), nil
		}
		progress(condition(pod))
		if err := engine.Sleep(ctx, lookAgain); err != nil {
			return engine.Finding{}, fmt.Errorf("%w while waiting for pod %s, which looks into the image %s", err, pod.Name, h.reference())
		}
	}
}

func condition(pod *corev1.Pod) string {
	if pods.Running(pod) {
		return "pod " + pod.Name + " looks into the image"
	}
	return "pod " + pod.Name + " " + pods.Condition(pod)
}

// wait is what the pod waits for, and since when.
type wait struct {
	stage string
	since time.Time
}

// over says that the pod has waited long enough, and for what.
func (w *wait) over(pod *corev1.Pod) (reason string, over bool) {
	stage, patience := stageOf(pod)
	if stage != w.stage {
		w.stage, w.since = stage, time.Now()
	}
	return pods.Condition(pod), patience > 0 && time.Since(w.since) > patience
}

// stageOf is what a pod waits for, and how long it may. 0 is without a limit, as for an image that is being pulled.
func stageOf(pod *corev1.Pod) (string, time.Duration) {
	status := pods.Container(pod)
	switch {
	case pod.Spec.NodeName == "":
		return "node", schedulePatience
	case pods.PullMayPass(pod) != "":
		return "registry", pods.PullPatience
	case status != nil && status.State.Waiting != nil &&
		(status.State.Waiting.Reason == "CreateContainerConfigError" || status.State.Waiting.Reason == "CreateContainerError"):
		return "container", configPatience
	}
	return "start", startPatience
}
