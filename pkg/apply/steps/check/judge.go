package check

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// correctImage is the advice about an image that cannot run a database.
const correctImage = "correct that in cluster.yaml, or use an image that has what gpk needs (docs/image.md), and run this again"

// judge says what is wrong with an image by how the pod ended that looked into it, a detail each.
func (h *inspectedHandler) judge(end *corev1.ContainerStateTerminated, node string) engine.Finding {
	faults := h.faults(end, "node "+node)
	if len(faults) == 0 {
		return engine.Finding{State: engine.Done}
	}
	return engine.Finding{State: engine.Blocked, Details: faults, Next: engine.Next(correctImage)}
}

func (h *inspectedHandler) faults(end *corev1.ContainerStateTerminated, where string) []string {
	if words := pods.NotStarted(end); words != "" {
		return []string{fmt.Sprintf("the image %s %s (seen in %s)", h.reference(), words, where)}
	}
	image, err := segments.ParseImage(end.Message)
	if said := segments.NotGreenplum(end.Message); said != "" {
		return []string{fmt.Sprintf("the image %s has a PostgreSQL that is not Greenplum: `postgres --gp-version` answers %q",
			h.reference(), said)}
	}
	if err != nil || end.ExitCode != 0 {
		return []string{fmt.Sprintf("the image %s cannot be inspected: exit status %d %s", h.reference(), end.ExitCode,
			remote.LastLines(end.Message, 3))}
	}
	var faults []string
	fault := func(image segments.Image) {
		faults = append(faults, database.ImageFault(image, h.action.Version, h.reference(), where))
	}
	locales, programs := split(image.Missing)
	if len(programs) > 0 {
		fault(segments.Image{Missing: programs})
	}
	if len(locales) > 0 {
		fault(segments.Image{Missing: locales, Locales: image.Locales})
	}
	if image.Release != "" {
		fault(segments.Image{Product: image.Product, Release: image.Release})
	}
	if refused := database.SettingsFault(image, h.reference()); refused != "" {
		faults = append(faults, refused+" (spec.database.config)")
	}
	return engine.NonEmpty(faults)
}

// split are the locales among what an image lacks, and all else.
func split(missing []string) (locales, others []string) {
	isLocale := func(what string) bool { return strings.HasPrefix(what, "the locale ") }
	for _, what := range missing {
		if isLocale(what) {
			locales = append(locales, what)
		}
	}
	return locales, slices.DeleteFunc(slices.Clone(missing), isLocale)
}
