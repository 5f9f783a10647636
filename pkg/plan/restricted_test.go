package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// safeSysctls are those of the baseline standard that gpk could use, of Kubernetes 1.27 and later.
var safeSysctls = []string{"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start",
	"net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_local_reserved_ports"}

// restricted is what breaks the restricted pod security standard in a pod of Linux, as the standard's page lists it.
// Kubernetes' own evaluator is a part of its server, which gpk's module is to be free of.
func restricted(pod *corev1.PodSpec) []string {
	var broken []string
	deny := func(yes bool, format string, args ...any) {
		if yes {
			broken = append(broken, fmt.Sprintf(format, args...))
		}
	}
	deny(pod.HostNetwork, "hostNetwork")
	deny(pod.HostPID, "hostPID")
	deny(pod.HostIPC, "hostIPC")
	for _, volume := range pod.Volumes {
		source := volume.VolumeSource
		deny(source.ConfigMap == nil && source.CSI == nil && source.DownwardAPI == nil && source.EmptyDir == nil && source.Ephemeral == nil &&
			source.PersistentVolumeClaim == nil && source.Projected == nil && source.Secret == nil, "volume %s", volume.Name)
	}
	security := pod.SecurityContext
	if security == nil {
		security = &corev1.PodSecurityContext{}
	}
	for _, sysctl := range security.Sysctls {
		deny(!slices.Contains(safeSysctls, sysctl.Name), "sysctl %s", sysctl.Name)
	}
	deny(security.RunAsUser != nil && *security.RunAsUser == 0, "the pod's user")
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		own := c.SecurityContext
		if own == nil {
			own = &corev1.SecurityContext{}
		}
		nonRoot, profile := security.RunAsNonRoot, security.SeccompProfile
		if own.RunAsNonRoot != nil {
			nonRoot = own.RunAsNonRoot
		}
		if own.SeccompProfile != nil {
			profile = own.SeccompProfile
		}
		deny(nonRoot == nil || !*nonRoot, "%s: runAsNonRoot", c.Name)
		deny(profile == nil || profile.Type != corev1.SeccompProfileTypeRuntimeDefault && profile.Type != corev1.SeccompProfileTypeLocalhost, "%s: seccompProfile", c.Name)
		deny(own.RunAsUser != nil && *own.RunAsUser == 0, "%s: runAsUser", c.Name)
		deny(own.Privileged != nil && *own.Privileged, "%s: privileged", c.Name)
		deny(own.AllowPrivilegeEscalation == nil || *own.AllowPrivilegeEscalation, "%s: allowPrivilegeEscalation", c.Name)
		deny(own.ProcMount != nil && *own.ProcMount != corev1.DefaultProcMount, "%s: procMount", c.Name)
		deny(own.Capabilities == nil || !slices.Contains(own.Capabilities.Drop, "ALL"), "%s: capabilities are kept", c.Name)
		deny(own.Capabilities != nil && slices.ContainsFunc(own.Capabilities.Add, func(added corev1.Capability) bool { return added != "NET_BIND_SERVICE" }),
			"%s: capabilities are added", c.Name)
		for _, port := range c.Ports {
			deny(port.HostPort != 0, "%s: hostPort", c.Name)
		}
	}
	return broken
}

// strict is what breaks policies beyond the standard, which want all of it of each container.
func strict(pod *corev1.PodSpec) []string {
	var broken []string
	yes := func(flag *bool) bool { return flag != nil && *flag }
	for _, c := range slices.Concat(pod.InitContainers, pod.Containers) {
		own := c.SecurityContext
		if !yes(own.RunAsNonRoot) || own.SeccompProfile == nil || !yes(own.ReadOnlyRootFilesystem) {
			broken = append(broken, c.Name+" leaves something to the pod, or may write")
		}
		if r := c.Resources; len(r.Requests) == 0 || len(r.Limits) == 0 {
			broken = append(broken, c.Name+" has no requests or no limits")
		}
		if _, tag, _ := strings.Cut(c.Image, ":"); tag == "" || tag == "latest" {
			broken = append(broken, c.Name+" has the image "+c.Image)
		}
	}
	return broken
}

func statefulSets(p plan.Plan) []*appsv1.StatefulSet {
	var sets []*appsv1.StatefulSet
	for _, object := range manifests(p) {
		if set, ok := object.(*appsv1.StatefulSet); ok {
			sets = append(sets, set)
		}
	}
	return sets
}

func TestPodsAreRestricted(t *testing.T) {
	for _, shape := range shapes() {
		for _, set := range statefulSets(create(t, load(t, shape))) {
			if broken := restricted(&set.Spec.Template.Spec); len(broken) > 0 {
				t.Errorf("%s: pods of %s: %s", shape, set.Name, strings.Join(broken, ", "))
			}
			if token := set.Spec.Template.Spec.AutomountServiceAccountToken; token == nil || *token {
				t.Errorf("%s: pods of %s have a token of the API server", shape, set.Name)
			}
		}
	}
}

// Where cluster.yaml gives resources, gpk's own containers pass policies that are stricter than the standard.
func TestContainersAreStrict(t *testing.T) {
	for _, set := range statefulSets(create(t, load(t, "mirrored"))) {
		if broken := strict(&set.Spec.Template.Spec); len(broken) > 0 {
			t.Errorf("pods of %s: %s", set.Name, strings.Join(broken, ", "))
		}
	}
}

// The check itself finds what it is there to find.
func TestRestrictedFinds(t *testing.T) {
	set := statefulSets(create(t, load(t, "one")))[0]
	tests := map[string]func(*corev1.PodSpec){
		"hostNetwork": func(p *corev1.PodSpec) { p.HostNetwork = true },
		"hostPID":     func(p *corev1.PodSpec) { p.HostPID = true },
		"hostIPC":     func(p *corev1.PodSpec) { p.HostIPC = true },
		"volume host": func(p *corev1.PodSpec) {
			p.Volumes = []corev1.Volume{{Name: "host", VolumeSource: corev1.VolumeSource{HostPath: &corev1.HostPathVolumeSource{Path: "/"}}}}
		},
		"sysctl kernel.shmmax": func(p *corev1.PodSpec) { p.SecurityContext.Sysctls[0].Name = "kernel.shmmax" },
		"the pod's user":       func(p *corev1.PodSpec) { p.SecurityContext.RunAsUser = new(int64(0)) },
		"greenplum: runAsNonRoot": func(p *corev1.PodSpec) {
			p.SecurityContext.RunAsNonRoot, p.Containers[0].SecurityContext.RunAsNonRoot = nil, nil
		},
		"greenplum: seccompProfile": func(p *corev1.PodSpec) {
			p.SecurityContext.SeccompProfile, p.Containers[0].SecurityContext.SeccompProfile = nil, nil
		},
		"greenplum: runAsUser":                func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.RunAsUser = new(int64(0)) },
		"greenplum: privileged":               func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.Privileged = new(true) },
		"greenplum: allowPrivilegeEscalation": func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.AllowPrivilegeEscalation = nil },
		"greenplum: procMount":                func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.ProcMount = new(corev1.UnmaskedProcMount) },
		"greenplum: capabilities are kept":    func(p *corev1.PodSpec) { p.Containers[0].SecurityContext.Capabilities.Drop = nil },
		"greenplum: capabilities are added": func(p *corev1.PodSpec) {
			p.Containers[0].SecurityContext.Capabilities.Add = []corev1.Capability{"NET_RAW"}
		},
		"greenplum: hostPort": func(p *corev1.PodSpec) { p.Containers[0].Ports[0].HostPort = 22 },
		"first: capabilities are kept": func(p *corev1.PodSpec) {
			p.InitContainers[0] = corev1.Container{Name: "first", SecurityContext: &corev1.SecurityContext{AllowPrivilegeEscalation: new(false)}}
		},
	}
	for want, spoil := range tests {
		pod := set.Spec.Template.Spec.DeepCopy()
		spoil(pod)
		if broken := restricted(pod); !slices.Equal(broken, []string{want}) {
			t.Errorf("found %q, want %q", broken, want)
		}
	}
}

// A patch of a volume that the template has would be merged into it: cluster.yaml refuses each of them, and no other.
func TestOwnedVolumes(t *testing.T) {
	c := load(t, "one")
	c.Spec.TLS = &topology.TLS{SelfSigned: true}
	set := statefulSets(create(t, c))[0]
	var names []string
	for _, claim := range set.Spec.VolumeClaimTemplates {
		names = append(names, claim.Name)
	}
	for _, volume := range set.Spec.Template.Spec.Volumes {
		names = append(names, volume.Name)
	}
	want := "gpk's own volumes are " + strings.Join(names, ", ") + ": give"
	for _, name := range names {
		c.Spec.PodTemplate = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Volumes: []corev1.Volume{{Name: name}}}}
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a patch of the volume %s: %v, want %q", name, err, want)
		}
	}
}

// Whatever a patch has its containers drop, they drop all.
func TestPatchesDropEverything(t *testing.T) {
	for _, name := range []string{"greenplum", "exporter"} {
		c := load(t, "one")
		drop := &corev1.SecurityContext{Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"NET_RAW"}}}
		c.Spec.PodTemplate = &corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: name, SecurityContext: drop}}}}
		for _, set := range statefulSets(create(t, c)) {
			if broken := restricted(&set.Spec.Template.Spec); len(broken) > 0 {
				t.Errorf("a patch of %s: pods of %s: %s", name, set.Name, strings.Join(broken, ", "))
			}
		}
	}
}
