package database

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/pods"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// Inspected is what a pod that looked into an image and ended has found there, or the fault by which that is unknown. where names the
// pod's node.
func Inspected(end *corev1.ContainerStateTerminated, reference, where string) (image segments.Image, fault string) {
	if words := pods.NotStarted(end); words != "" {
		return segments.Image{}, fmt.Sprintf("the image %s %s (seen in %s)", reference, words, where)
	}
	if said := segments.NotGreenplum(end.Message); said != "" {
		return segments.Image{}, fmt.Sprintf("the image %s (seen in %s) has a PostgreSQL that is not Greenplum: `postgres --gp-version` "+
			"answers %q", reference, where, said)
	}
	image, err := segments.ParseImage(end.Message)
	if err != nil || end.ExitCode != 0 {
		return segments.Image{}, fmt.Sprintf("the image %s (seen in %s) cannot be inspected: exit status %d %s", reference, where, end.ExitCode,
			remote.LastLines(end.Message, 3))
	}
	return image, ""
}

// ImageFaults are all reasons why a database with this release cannot run an image. where names a pod or node that has seen it.
func ImageFaults(image segments.Image, version, reference, where string) (faults []string) {
	fault := func(format string, words ...any) {
		faults = append(faults, fmt.Sprintf("the image %s (seen in %s) ", reference, where)+fmt.Sprintf(format, words...))
	}
	locales, programs := split(image.Missing)
	if len(programs) > 0 {
		fault("lacks %s", strings.Join(programs, ", "))
	}
	switch {
	case len(locales) > 0 && len(image.Locales) > 0:
		fault("lacks %s; spec.database.locale can be one of its locales, such as %s", strings.Join(locales, ", "),
			strings.Join(image.Locales, ", "))
	case len(locales) > 0:
		fault("lacks %s", strings.Join(locales, ", "))
	}
	switch {
	case image.Release == "" && len(programs) > 0: // the server is among them
	case image.Fault() != "":
		fault("has %s %s: %s", image.Product, image.Release, image.Fault())
	case !segments.SameRelease(image.Release, version):
		fault("has the release %s, but spec.version is %s", image.Release, version)
	}
	return faults
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

// FamilyNote is a line about a database that gpk was not tried with, or "".
func FamilyNote(image segments.Image, reference string) string {
	if !image.Stranger() {
		return ""
	}
	return fmt.Sprintf("the database of the image %s calls itself %s, which gpk was not tried with; gpk treats it as one of Greenplum's "+
		"family", reference, image.Product)
}

// SettingsFault lists the settings of the cluster that the image's server refuses.
func SettingsFault(image segments.Image, reference string) string {
	if len(image.Refused) == 0 {
		return ""
	}
	return fmt.Sprintf("the server of the image %s refuses these settings: %s", reference, strings.Join(image.Refused, "; "))
}
