package window

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// pulledHandler has a short-lived pod on every node of pods that are to be replaced bring the image there, and tell what is in
// it. The pods are removed again, those of a gpk that was killed by the next one.
type pulledHandler struct {
	kube   *kube.Client
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	action plan.Pulled
	// seen is what the pods have told, by node. There is no other trace of it that may be seen without rights on nodes.
	seen map[string]imageAnswer
}

// imageAnswer is what an image has to offer on a node, or why it could not be looked into.
type imageAnswer struct {
	image segments.Image
	fault string
}

func (h *pulledHandler) Check(ctx context.Context) (engine.Finding, error) {
	left, err := h.pullers(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	nodes, err := h.nodes(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	var details []string
	for _, node := range nodes {
		if _, told := h.seen[node]; !told {
			details = append(details, "the image has not been brought to node "+node)
		}
	}
	for _, pod := range left {
		details = append(details, "pod "+pod.Name+" is there, which has brought an image to node "+pod.Spec.NodeName)
	}
	if len(details) > 0 || len(nodes) == 0 {
		return engine.PendingIf(details), nil
	}
	return h.judge(ctx, nodes)
}

// nodes are those of the pods that are to be replaced, in order.
func (h *pulledHandler) nodes(ctx context.Context) ([]string, error) {
	old, err := h.pods.ToReplace(ctx, h.action.Replacing)
	var nodes []string
	for _, pod := range old {
		if pod.Spec.NodeName != "" {
			nodes = append(nodes, pod.Spec.NodeName)
		}
	}
	slices.Sort(nodes)
	return slices.Compact(nodes), err
}

// judge compares what the nodes have told with what runs.
func (h *pulledHandler) judge(ctx context.Context, nodes []string) (engine.Finding, error) {
	running, err := h.running(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	var faults []string
	refused := ""
	for _, node := range nodes {
		answer := h.seen[node]
		if found := answer.image.Catalogue; answer.fault == "" && found != running {
			return engine.Finding{State: engine.Blocked, Next: engine.Next(plan.MajorUpgrade), Details: []string{fmt.Sprintf("the image %s has the catalogue version %s, and "+
				"the data that of the release that runs, %s: it is a major upgrade, and the new programs would refuse the data",
				h.reference(), cmp.Or(found, "of nothing known"), running)}}, nil
		}
		if answer.fault != "" {
			faults = append(faults, "node "+node+": "+answer.fault)
		} else if fault := database.ImageFault(answer.image, h.action.Version, h.reference(), "node "+node); fault != "" {
			faults = append(faults, fault)
		}
		refused = cmp.Or(refused, database.SettingsFault(answer.image, h.reference()))
	}
	if len(faults) > 0 {
		return engine.Finding{State: engine.Blocked, Details: []string{strings.Join(faults, "; ")},
			Next: engine.Next("nothing was changed: name another image with --image (docs/image.md says what gpk needs of one), or mend it")}, nil
	}
	if refused != "" {
		return engine.Finding{State: engine.Blocked, Details: []string{refused},
			Next: engine.Next("nothing was changed: ", plan.Gpk("config", "set", "NAME=VALUE"), ", or NAME=DEFAULT, gives what both releases take; then run this again")}, nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// running is the catalogue version of the release that runs.
func (h *pulledHandler) running(ctx context.Context) (string, error) {
	acting, err := h.db.Acting(ctx)
	if err != nil {
		return "", err
	}
	out, err := h.remote.Run(ctx, acting.Pod, segments.AskCatalogueVersion())
	if err != nil {
		return "", err
	}
	version, err := segments.CatalogueVersion(out)
	if err != nil {
		return "", fmt.Errorf("pod %s: %w", acting.Pod, err)
	}
	return version, nil
}

func (h *pulledHandler) reference() string { return h.action.Pod.Spec.Containers[0].Image }

// Do makes a pod on every node, waits for what they tell, and removes them, even if it is interrupted.
func (h *pulledHandler) Do(ctx context.Context, progress func(string)) (err error) {
	if err := h.remove(ctx); err != nil {
		return err
	}
	nodes, err := h.nodes(ctx)
	if err != nil {
		return err
	}
	owner, err := h.owner(ctx)
	if err != nil {
		return err
	}
	defer func() {
		cleaning, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		err = errors.Join(err, h.remove(cleaning))
	}()
	err = engine.Each(ctx, nodes, func(ctx context.Context, _ int, node string) error {
		pod := h.action.Pod.DeepCopy()
		pod.OwnerReferences = []metav1.OwnerReference{owner}
		pod.Spec.NodeName = node
		if _, err := h.kube.API.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{}); err != nil {
			return fmt.Errorf("a pod that brings the image to node %s: %w", node, err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return h.await(ctx, nodes, progress)
}

// owner is the ConfigMap that the pods read their script from: they go with the cluster.
func (h *pulledHandler) owner(ctx context.Context) (metav1.OwnerReference, error) {
	name := h.action.Pod.Spec.Volumes[0].ConfigMap.Name
	scripts, err := h.kube.API.CoreV1().ConfigMaps(h.kube.Ref.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return metav1.OwnerReference{}, fmt.Errorf("the pods' scripts: %w", err)
	}
	return metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: name, UID: scripts.UID}, nil
}

// await waits until every node's pod has ended. How long an image takes is known to nobody, and the user's --timeout bounds it.
func (h *pulledHandler) await(ctx context.Context, nodes []string, progress func(string)) error {
	for {
		pods, err := h.pullers(ctx)
		if err != nil {
			return err
		}
		seen := map[string]imageAnswer{}
		for i := range pods {
			answer, ended, err := imageAnswerOf(&pods[i])
			if err != nil {
				return err
			}
			if ended {
				seen[pods[i].Spec.NodeName] = answer
			}
		}
		h.seen = seen
		if len(seen) == len(nodes) {
			return nil
		}
		progress(fmt.Sprintf("%d of %d nodes have the image %s", len(seen), len(nodes), h.reference()))
		if err := engine.Sleep(ctx, 300*time.Millisecond); err != nil {
			return fmt.Errorf("%w while waiting for the image %s on %d nodes", err, h.reference(), len(nodes)-len(seen))
		}
	}
}

// imageAnswerOf is what a pod has told, if it has ended. A pod that cannot even begin is an error or an answer.
func imageAnswerOf(pod *corev1.Pod) (answer imageAnswer, ended bool, err error) {
	if err := pods.CannotStart(pod); err != nil {
		return imageAnswer{}, false, fmt.Errorf("node %s: %w", pod.Spec.NodeName, err)
	}
	status := pods.Container(pod)
	switch {
	case status != nil && status.State.Terminated != nil:
		said, status := status.State.Terminated.Message, status.State.Terminated.ExitCode
		image, fault := segments.ParseImage(said)
		if fault != nil || status != 0 {
			answer = imageAnswer{fault: fmt.Sprintf("the image cannot be looked into: exit status %d %s", status, remote.LastLines(said, 3))}
			return answer, true, nil //nolint:nilerr // it is told as the pod's fault
		}
		return imageAnswer{image: image}, true, nil
	case pod.Status.Phase == corev1.PodFailed:
		return imageAnswer{fault: "its pod was refused: " + pod.Status.Reason + " " + pod.Status.Message}, true, nil
	}
	return imageAnswer{}, false, nil
}

func (h *pulledHandler) pullers(ctx context.Context) ([]corev1.Pod, error) {
	list, err := h.kube.API.CoreV1().Pods(h.kube.Ref.Namespace).List(ctx,
		metav1.ListOptions{LabelSelector: labels.SelectorFromSet(plan.ImageLabels(h.kube.Ref.Name)).String()})
	if err != nil {
		return nil, fmt.Errorf("pods that bring images: %w", err)
	}
	return list.Items, nil
}

// remove deletes the pods and waits until they are gone: they hold nothing that would need time.
func (h *pulledHandler) remove(ctx context.Context) error {
	for {
		pods, err := h.pullers(ctx)
		if err != nil || len(pods) == 0 {
			return err
		}
		err = engine.Each(ctx, pods, func(ctx context.Context, _ int, pod corev1.Pod) error {
			err := h.kube.API.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))})
			if err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("pod %s: %w", pod.Name, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := engine.Sleep(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}
