package apply

import (
	"context"
	"errors"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// imageHandler looks into the image before anything is built on it. All that it can do is wait for a pod to look into.
type imageHandler struct {
	target *Target
	action plan.Image
}

func (h *imageHandler) Check(ctx context.Context) (Finding, error) {
	pods, err := h.target.Pods(ctx)
	if err != nil {
		return Finding{}, err
	}
	looked := oneOfEach(pods)
	if len(looked) == 0 {
		return Finding{State: Unknown, Details: []string{"no pod runs yet"}}, nil
	}
	faults, refused := make([]string, len(looked)), make([]string, len(looked))
	err = each(ctx, looked, func(ctx context.Context, i int, pod *corev1.Pod) error {
		image, err := h.inspect(ctx, pod)
		if err == nil {
			reference := databaseContainer(pod).Image
			faults[i] = imageFault(image, h.action.Version, reference, "pod "+pod.Name)
			refused[i] = settingsFault(image, reference)
		}
		return err
	})
	var exit *remote.Error
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		// A container that has ended meanwhile may end again and again, and waiting for it brings that up.
		return Finding{State: Unknown, Details: []string{err.Error()}}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	if found := strings.Join(nonEmpty(faults), "; "); found != "" {
		return Finding{State: Blocked, Details: []string{found},
			Next: "the database has not been touched: mend spec.image or spec.version in cluster.yaml (docs/image.md says what gpk needs), " +
				"take the pods away with `gpk delete`, which keeps the volumes, and create again"}, nil
	}
	if found := nonEmpty(refused); len(found) > 0 {
		return Finding{State: Blocked, Details: found[:1],
			Next: "the database has not been touched: mend spec.database.config in cluster.yaml and run this again"}, nil
	}
	return Finding{State: Done}, nil
}

// Do waits until the pods run long enough to be looked into.
func (h *imageHandler) Do(ctx context.Context, progress func(string)) error {
	return until(ctx, reachPatience, progress, func() ([]string, error) {
		if err := h.target.hopelessPods(ctx); err != nil {
			return nil, err
		}
		finding, err := h.Check(ctx)
		if finding.State == Unknown {
			return finding.Details, err
		}
		return nil, err
	}, "no pod could be looked into: %s")
}

// hopelessPods is an error if a pod's container ends again and again, which it may do after it has run for a moment.
func (t *Target) hopelessPods(ctx context.Context) error {
	pods, err := t.Pods(ctx)
	for i := range pods {
		if err == nil {
			err = hopeless(&pods[i])
		}
	}
	return err
}

func (h *imageHandler) inspect(ctx context.Context, pod *corev1.Pod) (segments.Image, error) {
	out, err := h.target.remote.Run(ctx, pod.Name, segments.InspectImage(h.action.Arguments))
	if err != nil {
		return segments.Image{}, err
	}
	image, err := segments.ParseImage(out)
	if err != nil {
		return segments.Image{}, fmt.Errorf("pod %s: %w", pod.Name, err)
	}
	return image, nil
}

func imageFault(image segments.Image, version, reference, where string) string {
	switch {
	case len(image.Missing) > 0:
		return fmt.Sprintf("the image %s (seen in %s) lacks %s", reference, where, strings.Join(image.Missing, ", "))
	case !segments.SameRelease(image.Release, version):
		return fmt.Sprintf("the image %s (seen in %s) holds the release %s, and spec.version is %s", reference, where, image.Release, version)
	}
	return ""
}

// settingsFault says which of the settings that the instances are to have an image's server does not take.
func settingsFault(image segments.Image, reference string) string {
	if len(image.Refused) == 0 {
		return ""
	}
	return fmt.Sprintf("the server of the image %s does not take these settings: %s", reference, strings.Join(image.Refused, "; "))
}

// oneOfEach are running pods, one for each image: a tag may mean different images on different nodes.
func oneOfEach(pods []corev1.Pod) []*corev1.Pod {
	var found []*corev1.Pod
	seen := map[string]bool{}
	for i := range pods {
		if pod := &pods[i]; running(pod) && !seen[databaseContainer(pod).ImageID] {
			seen[databaseContainer(pod).ImageID] = true
			found = append(found, pod)
		}
	}
	return found
}

func nonEmpty(words []string) []string {
	var found []string
	for _, word := range words {
		if word != "" {
			found = append(found, word)
		}
	}
	return found
}
