package topology

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
)

// Default sets what is absent and has a default. It changes nothing that is given, and doing it again changes nothing.
func (c *Cluster) Default() {
	s := &c.Spec
	s.ImagePullPolicy = cmp.Or(s.ImagePullPolicy, corev1.PullIfNotPresent)
	s.User.setDefaults()
	s.Segments.PerPod = cmp.Or(s.Segments.PerPod, 1)
	s.Database.Locale = cmp.Or(s.Database.Locale, "en_US.UTF-8")
	s.Network.Service.Type = cmp.Or(s.Network.Service.Type, corev1.ServiceTypeClusterIP)
	s.Coordinator.Standby = cmp.Or(s.Coordinator.Standby, new(true))
	s.Segments.Mirrors = cmp.Or(s.Segments.Mirrors, new(true))
	if s.Network.ClusterDomain == "cluster.local" {
		// This was the default once, so that records have it. The pods find it out.
		s.Network.ClusterDomain = ""
	}
	if ptr.Deref(s.Network.NetworkPolicy, true) {
		s.Network.NetworkPolicy = nil
	}
	if s.TLS != nil && !s.TLS.SelfSigned && !s.TLS.Required && s.TLS.Secret == "" && len(s.TLS.Names) == 0 {
		s.TLS = nil
	}
	if s3 := c.S3(); s3 != nil {
		s3.Region = cmp.Or(s3.Region, "us-east-1")
	}
	for _, pods := range []*Pods{&s.Coordinator.Pods, &s.Segments.Pods} {
		pods.AntiAffinity = cmp.Or(pods.AntiAffinity, AntiAffinityRequired)
		pods.TopologyKey = cmp.Or(pods.TopologyKey, corev1.LabelHostname)
		pods.Storage.Size = cmp.Or(pods.Storage.Size, new(resource.MustParse("10Gi")))
	}
}

// HasStandby reports whether cluster.yaml asks for a standby coordinator.
func (c *Cluster) HasStandby() bool { return ptr.Deref(c.Spec.Coordinator.Standby, true) }

// HasMirrors reports whether cluster.yaml asks for a mirror of every primary.
func (c *Cluster) HasMirrors() bool { return ptr.Deref(c.Spec.Segments.Mirrors, true) }

// HasNetworkPolicy reports whether network policies keep other pods from ssh and from the segments' ports.
func (c *Cluster) HasNetworkPolicy() bool { return !c.Spec.Network.SegmentsOpenToAllPods }

// S3 is the bucket of the backups, nil without one.
func (c *Cluster) S3() *S3 {
	if c.Spec.Backup == nil {
		return nil
	}
	return c.Spec.Backup.Storage.S3
}

// BackupFolder is the folder of the backups in their bucket.
func (c *Cluster) BackupFolder() string {
	return cmp.Or(c.S3().Folder, c.Metadata.Namespace+"/"+c.Metadata.Name)
}

// GroupName is the name of the StatefulSet of a component.
func (c *Cluster) GroupName(component Component) string {
	return c.Metadata.Name + "-" + string(component)
}

// HostsService is the headless Service that gives every pod its host name.
func (c *Cluster) HostsService() string { return c.Metadata.Name }

// ClientService is the Service that clients connect to; it selects the acting coordinator's pod.
func (c *Cluster) ClientService() string { return c.Metadata.Name + "-coordinator" }

// Host is the name by which the database knows a pod: the pod's own, without the namespace and the domain. The pods look it up below the
// hosts' Service. So a name has no length that Greenplum would not take (64 characters, cdbutil.c), and data may move to another namespace.
func (c *Cluster) Host(pod string) string { return pod }

// ClientHost is the name of the client Service for every pod of the Kubernetes cluster.
func (c *Cluster) ClientHost() string {
	host := c.ClientService() + "." + c.Metadata.Namespace + ".svc"
	if domain := c.Spec.Network.ClusterDomain; domain != "" {
		host += "." + domain
	}
	return host
}

// ClientNames are the names by which clients reach the coordinator: the client Service's, short and full, and those that the file adds.
func (c *Cluster) ClientNames() []string {
	short := c.ClientService()
	namespace := short + "." + c.Metadata.Namespace
	names := []string{short, namespace, namespace + ".svc", namespace + ".svc." + cmp.Or(c.Spec.Network.ClusterDomain, "cluster.local")}
	if tls := c.Spec.TLS; tls != nil {
		names = append(names, tls.Names...)
	}
	return names
}

// ClientCertificate is the Secret with the certificate that clients see, "" if there is none for them.
func (c *Cluster) ClientCertificate() string {
	switch tls := c.Spec.TLS; {
	case tls == nil:
		return ""
	case tls.SelfSigned:
		return c.Metadata.Name + "-tls"
	default:
		return tls.Secret
	}
}

// ClientHBA are the lines of pg_hba.conf for clients. Where TLS is required, a line for any connection is one for encrypted ones.
func (c *Cluster) ClientHBA() []string {
	lines := slices.Clone(c.Spec.Database.HBA)
	if c.Spec.TLS == nil || !c.Spec.TLS.Required {
		return lines
	}
	for i, line := range lines {
		lines[i] = plainHost.ReplaceAllString(line, "${1}hostssl$2")
	}
	return lines
}

// plainHost is the first word of a line for any connection by TCP, which may be in quotes.
var plainHost = regexp.MustCompile(`^(\s*"?)host("?\s)`)

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
	last := strings.LastIndexAny(ref, ":/")
	return last >= 0 && ref[last] == ':'
}
