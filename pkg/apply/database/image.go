package database

import (
	"fmt"
	"strings"

	"gpk/pkg/segments"
)

func ImageFault(image segments.Image, version, reference, where string) string {
	switch {
	case len(image.Missing) > 0:
		return fmt.Sprintf("the image %s (seen in %s) lacks %s", reference, where, strings.Join(image.Missing, ", "))
	case !segments.SameRelease(image.Release, version):
		return fmt.Sprintf("the image %s (seen in %s) holds the release %s, and spec.version is %s", reference, where, image.Release, version)
	}
	return ""
}

// SettingsFault says which of the settings that the instances are to have an image's server does not take.
func SettingsFault(image segments.Image, reference string) string {
	if len(image.Refused) == 0 {
		return ""
	}
	return fmt.Sprintf("the server of the image %s does not take these settings: %s", reference, strings.Join(image.Refused, "; "))
}
