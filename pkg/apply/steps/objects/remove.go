package objects

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/kube"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
)

// removeHandler deletes the cluster's objects of some kinds, one kind after the other, and waits until they are gone.
type removeHandler struct {
	kube   *kube.Client
	pods   *pods.Pods
	action plan.Remove
}

func (h *removeHandler) Check(ctx context.Context) (engine.Finding, error) {
	var left []string
	for _, name := range h.action.Kinds {
		list, err := h.list(ctx, name)
		if err != nil {
			return engine.Finding{}, err
		}
		for _, item := range list.Items {
			left = append(left, fmt.Sprintf("%s/%s is there", name, item.Name))
		}
	}
	return engine.PendingIf(left), nil
}

func (h *removeHandler) Do(ctx context.Context, progress func(string)) error {
	for _, name := range h.action.Kinds {
		list, err := h.list(ctx, name)
		if err != nil {
			return err
		}
		resource, err := h.resource(name)
		if err != nil {
			return err
		}
		err = engine.Each(ctx, list.Items, func(ctx context.Context, _ int, item metav1.PartialObjectMetadata) error {
			err := resource.Delete(ctx, item.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &item.UID}})
			if err != nil && !apierrors.IsNotFound(err) {
				return fmt.Errorf("%s/%s: %w", name, item.Name, err)
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := h.awaitGone(ctx, name, resource, progress); err != nil {
			return err
		}
	}
	return nil
}

// awaitGone watches from a listing on, and lists again when an object has gone.
func (h *removeHandler) awaitGone(ctx context.Context, name string, resource metadata.ResourceInterface, progress func(string)) error {
	for {
		list, err := h.list(ctx, name)
		if err != nil || len(list.Items) == 0 {
			return err
		}
		for i := range list.Items {
			if passed, late := pods.Overdue(&list.Items[i], time.Now()); late && name == "Pod" {
				return h.pods.GoingError(ctx, list.Items[i].Name, passed)
			}
		}
		progress(fmt.Sprintf("%d left: %s/%s", len(list.Items), name, list.Items[0].Name))
		options := h.kube.ListOptions()
		options.ResourceVersion = list.ResourceVersion
		options.TimeoutSeconds = new(int64(10))
		watcher, err := resource.Watch(ctx, options)
		if err != nil {
			return fmt.Errorf("waiting for %s/%s to go: %w", name, list.Items[0].Name, err)
		}
		for event := range watcher.ResultChan() {
			if event.Type == watch.Deleted {
				break
			}
		}
		watcher.Stop()
		if ctx.Err() != nil {
			return fmt.Errorf("%w while waiting for %s/%s to go", context.Cause(ctx), name, list.Items[0].Name)
		}
	}
}

// list leaves out the cluster's record, which goes last of all.
func (h *removeHandler) list(ctx context.Context, name string) (*metav1.PartialObjectMetadataList, error) {
	resource, err := h.resource(name)
	if err != nil {
		return nil, err
	}
	list, err := resource.List(ctx, h.kube.ListOptions())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	kept := list.Items[:0]
	for _, item := range list.Items {
		if name != "ConfigMap" || item.Name != record.RecordName(h.kube.Ref.Name) {
			kept = append(kept, item)
		}
	}
	list.Items = kept
	return list, nil
}

func (h *removeHandler) resource(name string) (metadata.ResourceInterface, error) {
	k, err := kube.KindOf(name)
	if err != nil {
		return nil, err
	}
	client, err := metadata.NewForConfig(h.kube.Config)
	if err != nil {
		return nil, err
	}
	return client.Resource(k.Resource).Namespace(h.kube.Ref.Namespace), nil
}
