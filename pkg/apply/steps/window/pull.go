package window

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/sets"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
)

// pullHandler pulls an image on every node of the pods that will be replaced, by a short-lived image pod on each, which prints what is in
// the image. It deletes the image pods again, also those of a gpk that was killed.
type pullHandler struct {
	kube   *kube.Client
	remote *remote.Pods
	pods   *pods.Pods
	db     *database.Database
	action plan.Pulled
	// pulled is what the image pods have printed, by node. Without rights on nodes gpk cannot ask for the images there.
	pulled map[string]inspection
}

func (h *pullHandler) Check(ctx context.Context) (engine.Finding, error) {
	left, err := h.imagePods(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	nodes, err := h.nodes(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	var details []string
	for _, node := range nodes {
		if _, pulled := h.pulled[node]; !pulled {
			details = append(details, "node "+node+" has not pulled the image yet")
		}
	}
	for _, pod := range left {
		details = append(details, "pod "+pod.Name+", which pulls an image on node "+pod.Spec.NodeName+", is not deleted yet")
	}
	if len(details) > 0 || len(nodes) == 0 {
		return engine.PendingIf(details), nil
	}
	return h.judge(ctx, nodes)
}

// nodes are those of the pods that will be replaced, in order.
func (h *pullHandler) nodes(ctx context.Context) ([]string, error) {
	old, err := h.pods.ToReplace(ctx, h.action.Replacing)
	nodes := sets.New[string]()
	for _, pod := range old {
		nodes.Insert(pod.Spec.NodeName)
	}
	return sets.List(nodes.Delete("")), err
}

func (h *pullHandler) reference() string { return h.action.Pod.Spec.Containers[0].Image }

// Do creates an image pod on every node, waits until each has printed what is in the image, and deletes them, also if it is interrupted.
func (h *pullHandler) Do(ctx context.Context, progress func(string)) (err error) {
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
	ranges, err := h.kube.Limits(ctx, corev1.LimitTypeContainer, corev1.LimitTypePod)
	if err != nil {
		return err
	}
	err = engine.Each(ctx, nodes, func(ctx context.Context, _ int, node string) error {
		pod := h.action.Pod.DeepCopy()
		pod.OwnerReferences = []metav1.OwnerReference{owner}
		pod.Spec.NodeName = node
		pod.Spec.Containers[0].Resources = within(pod.Spec.Containers[0].Resources, ranges)
		return h.create(ctx, pod, ranges == nil)
	})
	if err != nil {
		return err
	}
	return h.await(ctx, nodes, progress)
}

// create creates an image pod. Without the right to see limit ranges, gpk tries it once more without requests: the API server then gives
// the pod those of a LimitRange, or its limits.
func (h *pullHandler) create(ctx context.Context, pod *corev1.Pod, unseen bool) error {
	api := h.kube.API.CoreV1().Pods(pod.Namespace)
	_, err := api.Create(ctx, pod, metav1.CreateOptions{})
	if unseen && apierrors.IsForbidden(err) {
		pod.Spec.Containers[0].Resources.Requests = nil
		if _, again := api.Create(ctx, pod, metav1.CreateOptions{}); again == nil {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("image pod on node %s: %w", pod.Spec.NodeName, err)
	}
	return nil
}

// owner is the ConfigMap with the script of the image pods: they are deleted with the cluster.
func (h *pullHandler) owner(ctx context.Context) (metav1.OwnerReference, error) {
	name := h.action.Pod.Spec.Volumes[0].ConfigMap.Name
	scripts, err := h.kube.API.CoreV1().ConfigMaps(h.kube.Ref.Namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return metav1.OwnerReference{}, fmt.Errorf("scripts of the image pods: %w", err)
	}
	return metav1.OwnerReference{APIVersion: "v1", Kind: "ConfigMap", Name: name, UID: scripts.UID}, nil
}

// await waits until every node's image pod has ended. A pull has no time limit of its own: --timeout limits it. One that fails for the
// moment has.
func (h *pullHandler) await(ctx context.Context, nodes []string, progress func(string)) error {
	failing := map[string]time.Time{}
	for {
		list, err := h.imagePods(ctx)
		h.pulled = map[string]inspection{}
		waiting := ""
		for i := range list {
			found, ended, err := inspectionOf(&list[i])
			if err != nil {
				return err
			}
			node, cause := list[i].Spec.NodeName, pods.PullMayPass(&list[i])
			if ended {
				h.pulled[node] = found
			}
			if cause == "" {
				delete(failing, node)
				continue
			}
			if failing[node].IsZero() {
				failing[node] = time.Now()
			}
			if time.Since(failing[node]) > pods.PullPatience {
				return fmt.Errorf("node %s could not pull the image %s for %s: %s", node, h.reference(), pods.PullPatience, cause)
			}
			waiting = "; node " + node + " waits: " + cause
		}
		if err != nil || len(h.pulled) == len(nodes) {
			return err
		}
		progress(fmt.Sprintf("%d of %d nodes have the image %s%s", len(h.pulled), len(nodes), h.reference(), waiting))
		if err := engine.Sleep(ctx, 300*time.Millisecond); err != nil {
			return fmt.Errorf("%w while waiting for the image %s on %d nodes", err, h.reference(), len(nodes)-len(h.pulled))
		}
	}
}

func (h *pullHandler) imagePods(ctx context.Context) ([]corev1.Pod, error) {
	list, err := h.kube.API.CoreV1().Pods(h.kube.Ref.Namespace).List(ctx,
		metav1.ListOptions{LabelSelector: labels.SelectorFromSet(plan.ImageLabels(h.kube.Ref.Name)).String()})
	if err != nil {
		return nil, fmt.Errorf("image pods: %w", err)
	}
	return list.Items, nil
}

// remove deletes the image pods, which need no time to end, and waits until they are gone.
func (h *pullHandler) remove(ctx context.Context) error {
	return h.kube.DeleteAll(ctx, kube.Deletion{
		Kind:    "Pod",
		Options: metav1.DeleteOptions{GracePeriodSeconds: new(int64(0))},
		Left: func(ctx context.Context) (left []metav1.Object, err error) {
			list, err := h.imagePods(ctx)
			for i := range list {
				left = append(left, &list[i])
			}
			return left, err
		},
		Waiting: func([]metav1.Object) error { return nil },
	})
}
