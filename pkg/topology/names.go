package topology

import "k8s.io/utils/ptr"

// HasStandby reports whether cluster.yaml asks for a standby coordinator.
func (c *Cluster) HasStandby() bool { return ptr.Deref(c.Spec.Coordinator.Standby, true) }

// HasMirrors reports whether cluster.yaml asks for a mirror of every primary.
func (c *Cluster) HasMirrors() bool { return ptr.Deref(c.Spec.Segments.Mirrors, true) }

// HasNetworkPolicy reports whether network policies keep other pods from ssh and from the segments' ports.
func (c *Cluster) HasNetworkPolicy() bool { return ptr.Deref(c.Spec.Network.NetworkPolicy, true) }

// GroupName is the name of the StatefulSet of a component.
func (c *Cluster) GroupName(component Component) string {
	return c.Metadata.Name + "-" + string(component)
}

// HostsService is the headless Service that gives every pod its host name.
func (c *Cluster) HostsService() string { return c.Metadata.Name }

// ClientService is the Service that clients connect to; it selects the acting coordinator's pod.
func (c *Cluster) ClientService() string { return c.Metadata.Name + "-coordinator" }

// Host is the host name of a pod: its full name, because pg_hba.conf entries by name are compared with what reverse
// DNS says of the client's address.
func (c *Cluster) Host(pod string) string { return pod + "." + c.HostsService() + "." + c.domain() }

// ClientHost is the full name of the client Service.
func (c *Cluster) ClientHost() string { return c.ClientService() + "." + c.domain() }

func (c *Cluster) domain() string {
	return c.Metadata.Namespace + ".svc." + c.Spec.Network.ClusterDomain
}

// GroupPods is where the pods of a component may run and what they may use.
func (c *Cluster) GroupPods(component Component) Pods {
	if component == CoordinatorComponent {
		return c.Spec.Coordinator.Pods
	}
	return c.Spec.Segments.Pods
}

// ImageRef is the image with its tag: the version is the tag, unless the reference has a tag or a digest.
func (c *Cluster) ImageRef() string {
	if hasTag(c.Spec.Image) {
		return c.Spec.Image
	}
	return c.Spec.Image + ":" + c.Spec.Version
}

// hasTag looks behind the last slash, since a registry may have a port. A digest has an @ and a colon.
func hasTag(ref string) bool {
	for i := len(ref) - 1; i >= 0 && ref[i] != '/'; i-- {
		if ref[i] == ':' {
			return true
		}
	}
	return false
}
