package topology

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// What gpk's pods stand on, which a patch must not take away.
const (
	// DatabaseContainer is the name of the container that runs the database.
	DatabaseContainer = "greenplum"
	// UserContainer is the name of the init container that says who the pod's user is.
	UserContainer = "user"
)

var (
	ownedVolumes = []string{"data", "scripts", "ssh", "state", "shm", "user", "gpk-tls"}
	ownedMounts  = []string{VolumeMount, "/gpk", "/dev/shm", "/tmp", "/etc/passwd", "/etc/group"}
	ownedLabels  = []string{
		"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/component", "app.kubernetes.io/managed-by",
	}
	ownedVariables = []string{
		"USER", "LOGNAME", "HOME", "COORDINATOR_DATA_DIRECTORY", "MASTER_DATA_DIRECTORY", "PGHOST", "PGPORT", "PGUSER", "PGDATA", "PGOPTIONS",
	}
)

// forbidden is a field of the patch that must stay unset, and what to do instead.
type forbidden struct {
	given  bool
	field  string
	reason string
}

func (v *validator) forbid(path *field.Path, list []forbidden) {
	for _, f := range list {
		if f.given {
			v.fault(path.Child(f.field), "not allowed here: %s", f.reason)
		}
	}
}

// podTemplate refuses what would break what gpk depends on, or the restricted pod security standard. Whatever else is wrong
// with a pod the API server says, in the dry run of the step admissible, before anything is made.
func (v *validator) podTemplate(t *corev1.PodTemplateSpec, path *field.Path) {
	for _, label := range ownedLabels {
		if _, given := t.Labels[label]; given {
			v.fault(path.Child("metadata", "labels").Key(label), "not allowed here: gpk finds its pods by it")
		}
	}
	for _, name := range sortedKeys(t.Annotations) {
		if strings.HasPrefix(name, corev1.DeprecatedAppArmorBetaContainerAnnotationKeyPrefix) {
			v.fault(path.Child("metadata", "annotations").Key(name), "not allowed here: give appArmorProfile in a securityContext")
		}
	}
	v.forbid(path.Child("metadata"), []forbidden{
		{t.Name != "" || t.GenerateName != "", "name", "a StatefulSet names its pods"},
		{t.Namespace != "", "namespace", "give metadata.namespace of the cluster"},
	})
	spec := path.Child("spec")
	v.podSpec(&t.Spec, spec)
	v.podSecurity(t.Spec.SecurityContext, spec.Child("securityContext"))
	for i, volume := range t.Spec.Volumes {
		at := spec.Child("volumes").Index(i)
		if slices.Contains(ownedVolumes, volume.Name) {
			v.refuse(at.Child("name"), volume.Name, "gpk's own volumes are %s: give another name", strings.Join(ownedVolumes, ", "))
		}
		v.volumeSource(volume.VolumeSource, at)
	}
	for i := range t.Spec.Containers {
		v.container(&t.Spec.Containers[i], spec.Child("containers").Index(i))
	}
	for i := range t.Spec.InitContainers {
		at := spec.Child("initContainers").Index(i)
		if name := t.Spec.InitContainers[i].Name; name == UserContainer {
			v.refuse(at.Child("name"), name, "it is gpk's own: give another name")
		}
		v.container(&t.Spec.InitContainers[i], at)
	}
}

func (v *validator) podSpec(s *corev1.PodSpec, path *field.Path) {
	const perRole = "give it under spec.coordinator and spec.segments"
	const named = "Greenplum knows the pods by the names that the StatefulSet gives"
	const account = "the pods have a ServiceAccount of their own, and no token of the API server"
	v.forbid(path, []forbidden{
		{s.HostNetwork, "hostNetwork", restricted},
		{s.HostPID, "hostPID", restricted},
		{s.HostIPC, "hostIPC", restricted},
		{s.RestartPolicy != "" && s.RestartPolicy != corev1.RestartPolicyAlways, "restartPolicy", "a StatefulSet's pods always restart"},
		{s.Hostname != "", "hostname", named},
		{s.Subdomain != "", "subdomain", named},
		{s.HostnameOverride != nil, "hostnameOverride", named},
		{s.SetHostnameAsFQDN != nil, "setHostnameAsFQDN", named},
		{s.NodeName != "", "nodeName", "give spec.segments.nodeSelector"},
		{len(s.NodeSelector) > 0, "nodeSelector", perRole},
		{len(s.Tolerations) > 0, "tolerations", perRole},
		{s.PriorityClassName != "", "priorityClassName", perRole},
		{s.SchedulerName != "", "schedulerName", perRole},
		{len(s.ImagePullSecrets) > 0, "imagePullSecrets", "give spec.imagePullSecrets"},
		{s.ActiveDeadlineSeconds != nil, "activeDeadlineSeconds", "a database has no deadline"},
		{s.ServiceAccountName != "" || s.DeprecatedServiceAccount != "", "serviceAccountName", account},
		{ptr.Deref(s.AutomountServiceAccountToken, false), "automountServiceAccountToken", account},
		{s.DNSPolicy == corev1.DNSDefault, "dnsPolicy", "a node's own DNS does not know the hosts of the cluster"},
		{s.Resources != nil, "resources", perRole},
		{s.ShareProcessNamespace != nil, "shareProcessNamespace", "the start script is the first process of its container"},
		{s.DNSConfig != nil && len(s.DNSConfig.Searches) > 0, "dnsConfig.searches",
			"the list would replace gpk's own, by which gpexpand finds the hosts"},
		{s.Affinity != nil && s.Affinity.PodAntiAffinity != nil, "affinity.podAntiAffinity",
			"give antiAffinity under spec.coordinator and spec.segments"},
	})
}

func (v *validator) container(c *corev1.Container, at *field.Path) {
	if c.Name == "" {
		v.fault(at.Child("name"), "missing: a patch of a container needs its name; the database's is %s", DatabaseContainer)
	}
	v.containerSecurity(c.SecurityContext, c.Name == DatabaseContainer, at.Child("securityContext"))
	for i, mount := range c.VolumeMounts {
		if c.Name == DatabaseContainer && hidesOwn(mount.MountPath) {
			v.refuse(at.Child("volumeMounts").Index(i).Child("mountPath"), mount.MountPath,
				"it would hide one of %s, %s, which gpk needs: give another path", strings.Join(ownedMounts, ", "), Home)
		}
	}
	for i, port := range c.Ports {
		v.forbid(at.Child("ports").Index(i), []forbidden{{port.HostPort != 0, "hostPort", restricted}})
	}
	if c.Name != DatabaseContainer {
		return
	}
	for i, variable := range c.Env {
		if slices.Contains(ownedVariables, variable.Name) || strings.HasPrefix(variable.Name, "GPK_") {
			v.refuse(at.Child("env").Index(i).Child("name"), variable.Name, "gpk and the utilities set it themselves")
		}
	}
	const probed = "gpk's start script and its probes belong together"
	v.forbid(at, []forbidden{
		{c.Image != "", "image", "give spec.image"},
		{c.ImagePullPolicy != "", "imagePullPolicy", "give spec.imagePullPolicy"},
		{len(c.Command) > 0, "command", "gpk's start script runs the database"},
		{len(c.Args) > 0, "args", "gpk's start script runs the database"},
		{c.WorkingDir != "", "workingDir", "gpk's start script runs the database"},
		{len(c.Resources.Requests)+len(c.Resources.Limits) > 0, "resources", "give spec.coordinator.resources and spec.segments.resources"},
		{c.ReadinessProbe != nil, "readinessProbe", probed},
		{c.LivenessProbe != nil, "livenessProbe", probed},
		{c.StartupProbe != nil, "startupProbe", probed},
		{c.Lifecycle != nil, "lifecycle", probed},
	})
}

// hidesOwn says whether a mount would take the place of one of gpk's. A file or a folder in the home takes no place.
func hidesOwn(mount string) bool {
	return within(mount, Home) || slices.ContainsFunc(ownedMounts, func(owned string) bool { return overlap(owned, mount) })
}

// overlap reports whether one of two directories holds the other.
func overlap(a, b string) bool { return within(a, b) || within(b, a) }

// within reports whether one directory holds the other, or is the same.
func within(outer, inner string) bool {
	outer, inner = path.Clean("/"+outer)+"/", path.Clean("/"+inner)+"/"
	return strings.HasPrefix(inner, outer) || outer == "//"
}
