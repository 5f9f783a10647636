package topology

import (
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

const restricted = "pods keep to the restricted pod security standard"

func (v *validator) podSecurity(given *corev1.PodSecurityContext, path *field.Path) {
	s := ptr.Deref(given, corev1.PodSecurityContext{})
	v.user(s.RunAsNonRoot, s.RunAsUser, s.RunAsGroup, path)
	v.forbid(path, []forbidden{
		{another(s.FSGroup, v.runsAs.GID), "fsGroup", "give spec.user.gid, which is the group of the volume"},
		{len(s.Sysctls) > 0, "sysctls", "the list would replace gpk's own, which sshd and ping need"},
		{s.WindowsOptions != nil, "windowsOptions", "the pods run on Linux"},
	})
	v.confined(s.SeccompProfile, s.AppArmorProfile, s.SELinuxOptions, path)
}

// seLinuxTypes are those that the standard allows.
var seLinuxTypes = []string{"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}

// confined refuses profiles with which a process may do more than the standard allows.
func (v *validator) confined(seccomp *corev1.SeccompProfile, appArmor *corev1.AppArmorProfile, seLinux *corev1.SELinuxOptions,
	path *field.Path) {
	v.forbid(path, []forbidden{
		{seccomp != nil && seccomp.Type == corev1.SeccompProfileTypeUnconfined, "seccompProfile", restricted},
		{appArmor != nil && appArmor.Type == corev1.AppArmorProfileTypeUnconfined, "appArmorProfile", restricted},
	})
	options, path := ptr.Deref(seLinux, corev1.SELinuxOptions{}), path.Child("seLinuxOptions")
	if !slices.Contains(seLinuxTypes, options.Type) {
		v.refuse(path.Child("type"), options.Type, "give one of %s: %s", strings.Join(seLinuxTypes[1:], ", "), restricted)
	}
	v.forbid(path, []forbidden{{options.User != "", "user", restricted}, {options.Role != "", "role", restricted}})
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

func (v *validator) containerSecurity(given *corev1.SecurityContext, database bool, path *field.Path) {
	s := ptr.Deref(given, corev1.SecurityContext{})
	if database {
		v.user(s.RunAsNonRoot, s.RunAsUser, s.RunAsGroup, path)
	} else {
		v.user(s.RunAsNonRoot, nil, nil, path)
		v.forbid(path, []forbidden{{ptr.Deref(s.RunAsUser, defaultID) == 0, "runAsUser", restricted}})
	}
	v.forbid(path, []forbidden{
		{ptr.Deref(s.Privileged, false), "privileged", restricted},
		{ptr.Deref(s.AllowPrivilegeEscalation, false), "allowPrivilegeEscalation", restricted},
		{s.Capabilities != nil && len(s.Capabilities.Add) > 0, "capabilities", restricted},
		{ptr.Deref(s.ProcMount, corev1.DefaultProcMount) != corev1.DefaultProcMount, "procMount", restricted},
		{s.WindowsOptions != nil, "windowsOptions", "the pods run on Linux"},
	})
	v.confined(s.SeccompProfile, s.AppArmorProfile, s.SELinuxOptions, path)
}
