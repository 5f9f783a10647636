package plan

import (
	"maps"
	"slices"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Image looks into the image that the pods run: whether it holds the wanted release, what gpk and the utilities need, and a
// server that starts with the settings of cluster.yaml. It changes nothing.
type Image struct {
	Version string
	// Arguments are those of segments.InspectImage.
	Arguments []string
}

func (Image) action() {}
func (Image) looks()  {}

func image(c *topology.Cluster) Image { return Image{c.Spec.Version, inspection(c)} }

// inspection has the settings that a person has given: what gpk derives every server knows.
func inspection(c *topology.Cluster) []string {
	var given []segments.Setting
	for _, name := range slices.Sorted(maps.Keys(c.Spec.Database.Config)) {
		given = append(given, segments.Setting{Name: name, Value: string(c.Spec.Database.Config[name])})
	}
	return segments.InspectionOf(c.Spec.Database.Locale, given)
}
