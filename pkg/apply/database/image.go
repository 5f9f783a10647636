package database

import (
	"fmt"
	"strings"

	"gpk/pkg/segments"
)

// ImageFault says why a database with this release cannot run an image; empty if it can. where names a pod or node that has seen it.
func ImageFault(image segments.Image, version, reference, where string) string {
	switch {
	case len(image.Missing) > 0:
		return fmt.Sprintf("the image %s (seen in %s) lacks %s", reference, where, strings.Join(image.Missing, ", "))
	case !segments.SameRelease(image.Release, version):
		return fmt.Sprintf("the image %s (seen in %s) has the release %s, but spec.version is %s", reference, where, image.Release, version)
	}
	return ""
}

// SettingsFault lists the settings of the cluster that the image's server refuses.
func SettingsFault(image segments.Image, reference string) string {
	if len(image.Refused) == 0 {
		return ""
	}
	return fmt.Sprintf("the server of the image %s refuses these settings: %s", reference, strings.Join(image.Refused, "; "))
}
