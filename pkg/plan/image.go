package plan

import "gpk/pkg/topology"

// Image looks into the image that the pods run: whether it holds the wanted release, and what gpk and the utilities need.
// It changes nothing.
type Image struct {
	Version string
	Locale  string
}

func (Image) action() {}

func image(c *topology.Cluster) Image { return Image{c.Spec.Version, c.Spec.Database.Locale} }
