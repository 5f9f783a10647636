package window

import (
	"context"
	"errors"
	"fmt"
	"time"

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
	left, err := h.imagePods().List(ctx)
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
	old, err := h.pods.Revisions.ToReplace(ctx, h.action.Replacing)
	nodes := sets.New[string]()
	for _, pod := range old {
		nodes.Insert(pod.Spec.NodeName)
	}
	return sets.List(nodes.Delete("")), err
}

func (h *pullHandler) reference() string { return h.action.Pod.Spec.Containers[0].Image }

// Do creates an image pod on every node, waits until each has printed what is in the image, and deletes them, also if it is interrupted.
func (h *pullHandler) Do(ctx context.Context, progress func(string)) (err error) {
	if err := h.imagePods().Remove(ctx); err != nil {
		return err
	}
	nodes, err := h.nodes(ctx)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, h.imagePods().RemoveAfter(ctx))
	}()
	if err := h.imagePods().Create(ctx, h.action.Pod, nodes); err != nil {
		return err
	}
	return h.await(ctx, nodes, progress)
}

// await waits until every node's image pod has ended. A pull has no time limit of its own: --timeout limits it. One that fails for the
// moment has.
func (h *pullHandler) await(ctx context.Context, nodes []string, progress func(string)) error {
	failing := map[string]time.Time{}
	for {
		list, err := h.imagePods().List(ctx)
		h.pulled = map[string]inspection{}
		waiting := ""
		for i := range list {
			found, ended, err := inspectionOf(&list[i], h.reference())
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

func (h *pullHandler) imagePods() pods.ShortLived {
	return h.pods.ShortLived(plan.ImageLabels(h.kube.Ref.Name))
}
