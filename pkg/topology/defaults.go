package topology

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
)

// defaultStorage is what each pod claims if the file doesn't say.
const defaultStorage = "10Gi"

// Default sets what is absent and has a default. It changes nothing that is given, and doing it again changes nothing.
func (c *Cluster) Default() {
	s := &c.Spec
	setDefault(&s.ImagePullPolicy, corev1.PullIfNotPresent)
	setDefault(&s.Segments.PerPod, 1)
	setDefault(&s.Database.Locale, "en_US.UTF-8")
	setDefault(&s.Network.ClusterDomain, "cluster.local")
	setDefault(&s.Network.Service.Type, corev1.ServiceTypeClusterIP)
	setDefault(&s.Coordinator.Standby, new(true))
	setDefault(&s.Segments.Mirrors, new(true))
	setDefault(&s.Network.NetworkPolicy, new(true))
	for _, pods := range []*Pods{&s.Coordinator.Pods, &s.Segments.Pods} {
		setDefault(&pods.AntiAffinity, AntiAffinityRequired)
		setDefault(&pods.TopologyKey, corev1.LabelHostname)
		setDefault(&pods.Storage.Size, new(resource.MustParse(defaultStorage)))
	}
}

func setDefault[T comparable](field *T, value T) {
	var absent T
	if *field == absent {
		*field = value
	}
}
