package topology

import (
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

const restricted = "pods keep to the restricted pod security standard"

func (v *validator) podSecurity(s *corev1.PodSecurityContext, path *field.Path) {
	if s == nil {
		return
	}
	v.user(s.RunAsNonRoot, s.RunAsUser, s.RunAsGroup, path)
	v.forbid(path, []forbidden{
		{s.FSGroup != nil && *s.FSGroup != UserID, "fsGroup", "the volume belongs to group 1000"},
		{len(s.Sysctls) > 0, "sysctls", "the list would replace gpk's own, which sshd and ping need"},
		{unconfined(s.SeccompProfile), "seccompProfile", restricted},
		{unarmoured(s.AppArmorProfile), "appArmorProfile", restricted},
		{s.WindowsOptions != nil, "windowsOptions", "the pods run on Linux"},
	})
	v.seLinux(s.SELinuxOptions, path.Child("seLinuxOptions"))
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

func unarmoured(p *corev1.AppArmorProfile) bool {
	return p != nil && p.Type == corev1.AppArmorProfileTypeUnconfined
}

// seLinuxTypes are those that the standard allows.
var seLinuxTypes = []string{"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}

func (v *validator) seLinux(o *corev1.SELinuxOptions, path *field.Path) {
	if o == nil {
		return
	}
	if !slices.Contains(seLinuxTypes, o.Type) {
		v.refuse(path.Child("type"), o.Type, "give one of %s: %s", strings.Join(seLinuxTypes[1:], ", "), restricted)
	}
	v.forbid(path, []forbidden{{o.User != "", "user", restricted}, {o.Role != "", "role", restricted}})
}

// volumeSources are those that the standard allows, as they are written in a file.
var volumeSources = []string{"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret"}

func (v *validator) volumeSource(source corev1.VolumeSource, path *field.Path) {
	given := reflect.ValueOf(source)
	for _, f := range fields(given.Type()) {
		if !given.FieldByIndex(f.Index).IsNil() && !slices.Contains(volumeSources, f.name) {
			v.fault(path.Child(f.name), "not allowed here: %s: give one of %s", restricted, strings.Join(volumeSources, ", "))
		}
	}
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
		{unarmoured(s.AppArmorProfile), "appArmorProfile", restricted},
		{s.WindowsOptions != nil, "windowsOptions", "the pods run on Linux"},
		{database && isSet(s.ReadOnlyRootFilesystem), "readOnlyRootFilesystem", "the database and sshd write to /tmp and to the user's home"},
	})
	v.seLinux(s.SELinuxOptions, path.Child("seLinuxOptions"))
}
