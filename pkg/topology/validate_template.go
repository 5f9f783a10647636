package topology

import (
	"path"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// What gpk's pods stand on, which a patch must not take away.
const (
	// DatabaseContainer is the name of the container that runs the database.
	DatabaseContainer = "greenplum"
	// UserID is the user and the group of the image that own the database.
	UserID = 1000
)

var (
	ownedVolumes = []string{"data", "scripts", "ssh", "state", "shm"}
	ownedMounts  = []string{VolumeMount, "/gpk", "/dev/shm", "/tmp"}
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
			v.say(path.Child(f.field), "not allowed here: %s", f.reason)
		}
	}
}

// podTemplate refuses what would break what gpk depends on, or the restricted pod security standard. Whatever else is wrong
// with a pod the API server says, in the dry run of the step admissible, before anything is made.
func (v *validator) podTemplate(t *corev1.PodTemplateSpec, path *field.Path) {
	for _, label := range ownedLabels {
		if _, given := t.Labels[label]; given {
			v.say(path.Child("metadata", "labels").Key(label), "not allowed here: gpk finds its pods by it")
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
		v.forbid(at, []forbidden{{volume.HostPath != nil, "hostPath", restricted}})
	}
	for i := range t.Spec.Containers {
		v.container(&t.Spec.Containers[i], spec.Child("containers").Index(i))
	}
	for i := range t.Spec.InitContainers {
		v.container(&t.Spec.InitContainers[i], spec.Child("initContainers").Index(i))
	}
}

const restricted = "pods keep to the restricted pod security standard"

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
		{s.SetHostnameAsFQDN != nil, "setHostnameAsFQDN", named},
		{s.NodeName != "", "nodeName", "give spec.segments.nodeSelector"},
		{len(s.NodeSelector) > 0, "nodeSelector", perRole},
		{len(s.Tolerations) > 0, "tolerations", perRole},
		{s.PriorityClassName != "", "priorityClassName", perRole},
		{s.SchedulerName != "", "schedulerName", perRole},
		{len(s.ImagePullSecrets) > 0, "imagePullSecrets", "give spec.imagePullSecrets"},
		{s.ActiveDeadlineSeconds != nil, "activeDeadlineSeconds", "a database has no deadline"},
		{s.ServiceAccountName != "" || s.DeprecatedServiceAccount != "", "serviceAccountName", account},
		{s.AutomountServiceAccountToken != nil && *s.AutomountServiceAccountToken, "automountServiceAccountToken", account},
		{s.ShareProcessNamespace != nil, "shareProcessNamespace", "the start script is the first process of its container"},
	})
	if s.DNSConfig != nil {
		v.forbid(path.Child("dnsConfig"), []forbidden{
			{len(s.DNSConfig.Searches) > 0, "searches", "the list would replace gpk's own, by which gpexpand finds the hosts"},
		})
	}
	if s.Affinity != nil {
		v.forbid(path.Child("affinity"), []forbidden{
			{s.Affinity.PodAntiAffinity != nil, "podAntiAffinity", "give antiAffinity under spec.coordinator and spec.segments"},
		})
	}
}

func (v *validator) podSecurity(s *corev1.PodSecurityContext, path *field.Path) {
	if s == nil {
		return
	}
	v.user(s.RunAsNonRoot, s.RunAsUser, s.RunAsGroup, path)
	v.forbid(path, []forbidden{
		{s.FSGroup != nil && *s.FSGroup != UserID, "fsGroup", "the volume belongs to group 1000"},
		{len(s.Sysctls) > 0, "sysctls", "the list would replace gpk's own, which sshd and ping need"},
		{unconfined(s.SeccompProfile), "seccompProfile", restricted},
	})
}

// user refuses another user than the image's, since sshd and the database run as the one who owns the files.
func (v *validator) user(nonRoot *bool, user, group *int64, path *field.Path) {
	const reason = "the database runs as user and group 1000"
	v.forbid(path, []forbidden{
		{nonRoot != nil && !*nonRoot, "runAsNonRoot", restricted},
		{user != nil && *user != UserID, "runAsUser", reason},
		{group != nil && *group != UserID, "runAsGroup", reason},
	})
}

func unconfined(p *corev1.SeccompProfile) bool {
	return p != nil && p.Type == corev1.SeccompProfileTypeUnconfined
}

func (v *validator) container(c *corev1.Container, at *field.Path) {
	if c.Name == "" {
		v.say(at.Child("name"), "missing: a patch of a container needs its name; the database's is %s", DatabaseContainer)
	}
	v.containerSecurity(c.SecurityContext, c.Name == DatabaseContainer, at.Child("securityContext"))
	for i, mount := range c.VolumeMounts {
		if c.Name == DatabaseContainer && slices.ContainsFunc(ownedMounts, func(owned string) bool { return overlap(owned, mount.MountPath) }) {
			v.refuse(at.Child("volumeMounts").Index(i).Child("mountPath"), mount.MountPath,
				"it would hide one of %s, which gpk needs: give another path", strings.Join(ownedMounts, ", "))
		}
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

func (v *validator) containerSecurity(s *corev1.SecurityContext, database bool, path *field.Path) {
	if s == nil {
		return
	}
	if database {
		v.user(s.RunAsNonRoot, s.RunAsUser, s.RunAsGroup, path)
	} else {
		v.user(s.RunAsNonRoot, nil, nil, path)
		v.forbid(path, []forbidden{{s.RunAsUser != nil && *s.RunAsUser == 0, "runAsUser", restricted}})
	}
	isSet := func(flag *bool) bool { return flag != nil && *flag }
	v.forbid(path, []forbidden{
		{isSet(s.Privileged), "privileged", restricted},
		{isSet(s.AllowPrivilegeEscalation), "allowPrivilegeEscalation", restricted},
		{s.Capabilities != nil && len(s.Capabilities.Add) > 0, "capabilities", restricted},
		{s.ProcMount != nil && *s.ProcMount != corev1.DefaultProcMount, "procMount", restricted},
		{unconfined(s.SeccompProfile), "seccompProfile", restricted},
		{database && isSet(s.ReadOnlyRootFilesystem), "readOnlyRootFilesystem", "the database and sshd write to /tmp and to the user's home"},
	})
}

// overlap says whether one of two directories holds the other.
func overlap(a, b string) bool {
	a, b = path.Clean("/"+a)+"/", path.Clean("/"+b)+"/"
	return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) || a == "//" || b == "//"
}
