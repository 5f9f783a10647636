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

// imageHandler inspects the image before gpk makes a database with it. Its Do waits for a pod to inspect.
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
	inspected := onePerImage(list)
	if len(inspected) == 0 {
		return engine.Finding{State: engine.Unknown, Details: []string{"no pod runs yet"}}, nil
	}
	faults, refused, notes := make([]string, len(inspected)), make([]string, len(inspected)), make([]string, len(inspected))
	err = engine.Each(ctx, inspected, func(ctx context.Context, i int, pod *corev1.Pod) error {
		out, err := h.remote.Run(ctx, pod.Name, segments.InspectImage(h.action.Arguments))
		if err != nil {
			return err
		}
		image, err := segments.ParseImage(out)
		if err != nil {
			return fmt.Errorf("pod %s: %w", pod.Name, err)
		}
		reference := pods.Container(pod).Image
		faults[i] = strings.Join(database.ImageFaults(image, h.action.Version, reference, "pod "+pod.Name), "; ")
		refused[i], notes[i] = database.SettingsFault(image, reference), database.FamilyNote(image, reference)
		return nil
	})
	if _, failed := errors.AsType[*remote.Error](err); err != nil && !failed && !remote.Refused(err) && ctx.Err() == nil {
		// The container may have ended, and may end each time: Do waits for it, and reports that.
		return engine.Finding{State: engine.Unknown, Details: []string{err.Error()}}, nil
	}
	if err != nil {
		return engine.Finding{}, err
	}
	if found := strings.Join(engine.NonEmpty(faults), "; "); found != "" {
		return engine.BlockedBy(found,
			"the database was not changed; correct spec.image, spec.version or spec.database.locale in cluster.yaml (docs/image.md lists what "+
				"gpk needs). Delete the pods with ", plan.Gpk("delete"), ", which keeps the volumes, and create again"), nil
	}
	if found := engine.NonEmpty(refused); len(found) > 0 {
		return engine.BlockedBy(found[0], "the database was not changed; correct spec.database.config in cluster.yaml and run this again"), nil
	}
	return engine.Finding{State: engine.Done, Details: engine.NonEmpty(notes)}, nil
}

// Do waits until the pods run long enough for an inspection.
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
	}, fmt.Sprintf("no pod could be inspected within %s: %%s", reachPatience))
}

// onePerImage are running pods, one for each image: a tag may mean different images on different nodes.
func onePerImage(list []corev1.Pod) []*corev1.Pod {
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
