package create

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// imageHandler looks into the image before anything is built on it. All that it can do is wait for a pod to look into.
type imageHandler struct {
	remote *remote.Pods
	pods   *pods.Pods
	action plan.Image
}

func (h *imageHandler) Check(ctx context.Context) (engine.Finding, error) {
	list, err := h.pods.List(ctx)
	if err != nil {
		return engine.Finding{}, err
	}
	looked := oneOfEach(list)
	if len(looked) == 0 {
		return engine.Finding{State: engine.Unknown, Details: []string{"no pod runs yet"}}, nil
	}
	faults, refused := make([]string, len(looked)), make([]string, len(looked))
	err = engine.Each(ctx, looked, func(ctx context.Context, i int, pod *corev1.Pod) error {
		image, err := h.inspect(ctx, pod)
		if err == nil {
			reference := pods.Container(pod).Image
			faults[i] = database.ImageFault(image, h.action.Version, reference, "pod "+pod.Name)
			refused[i] = database.SettingsFault(image, reference)
		}
		return err
	})
	var exit *remote.Error
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		// A container that has ended meanwhile may end again and again, and waiting for it brings that up.
		return engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}, nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	if found := strings.Join(engine.NonEmpty(faults), "; "); found != "" {
		return engine.Finding{State: engine.Blocked, Details: []string{found},
			Next: engine.Next("the database has not been touched: mend spec.image or spec.version in cluster.yaml (docs/image.md says what gpk needs), take the pods away with ", plan.Gpk("delete"), ", which keeps the volumes, and create again")}, nil
	}
	if found := engine.NonEmpty(refused); len(found) > 0 {
		return engine.Finding{State: engine.Blocked, Details: found[:1],
			Next: engine.Next("the database has not been touched: mend spec.database.config in cluster.yaml and run this again")}, nil
	}
	return engine.Finding{State: engine.Done}, nil
}

// Do waits until the pods run long enough to be looked into.
func (h *imageHandler) Do(ctx context.Context, progress func(string)) error {
	return engine.Until(ctx, reachPatience, progress, func() ([]string, error) {
		if err := h.pods.CannotStart(ctx); err != nil {
			return nil, err
		}
		finding, err := h.Check(ctx)
		if finding.State == engine.Unknown {
			return finding.Details, err
		}
		return nil, err
	}, "no pod could be looked into: %s")
}

func (h *imageHandler) inspect(ctx context.Context, pod *corev1.Pod) (segments.Image, error) {
	out, err := h.remote.Run(ctx, pod.Name, segments.InspectImage(h.action.Arguments))
	if err != nil {
		return segments.Image{}, err
	}
	image, err := segments.ParseImage(out)
	if err != nil {
		return segments.Image{}, fmt.Errorf("pod %s: %w", pod.Name, err)
	}
	return image, nil
}

// oneOfEach are running pods, one for each image: a tag may mean different images on different nodes.
func oneOfEach(list []corev1.Pod) []*corev1.Pod {
	var found []*corev1.Pod
	seen := map[string]bool{}
	for i := range list {
		if pod := &list[i]; pods.Running(pod) && !seen[pods.Container(pod).ImageID] {
			seen[pods.Container(pod).ImageID] = true
			found = append(found, pod)
		}
	}
	return found
}
