package plan

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"gpk/pkg/topology"
	"gpk/templates"
)

// Container is the name of the database container in every pod.
const Container = "greenplum"

func workloads(c *topology.Cluster, t topology.Topology) (Apply, error) {
	var apply Apply
	for _, group := range t.Groups {
		set, err := statefulSet(c, group, firstPort(t, group))
		if err != nil {
			return Apply{}, fmt.Errorf("stateful set %s: %w", group.Name, err)
		}
		apply.Objects = append(apply.Objects, set)
	}
	return apply, nil
}

// Sets are the stateful sets among the objects.
func (a Apply) Sets() []*appsv1.StatefulSet {
	var sets []*appsv1.StatefulSet
	for _, object := range a.Objects {
		if set, ok := object.(*appsv1.StatefulSet); ok {
			sets = append(sets, set)
		}
	}
	return sets
}

// firstPort is the port of the first instance of each pod of a group.
func firstPort(t topology.Topology, group topology.Group) int32 {
	first := slices.IndexFunc(t.Instances, func(i topology.Instance) bool { return i.Pod == group.Pod(0) })
	return t.Instances[first].Port
}

func statefulSet(c *topology.Cluster, group topology.Group, port int32) (*appsv1.StatefulSet, error) {
	set := &appsv1.StatefulSet{}
	if err := templates.Decode("statefulset", set); err != nil {
		return nil, err
	}
	labels := componentLabels(c.Metadata.Name, group.Component)
	pods := c.GroupPods(group.Component)
	name(set, c, group.Name)
	set.Labels = labels
	set.Spec.ServiceName = c.HostsService()
	set.Spec.Replicas = &group.Replicas
	set.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	set.Spec.Template.Labels = labels
	claim := &set.Spec.VolumeClaimTemplates[0]
	claim.Labels = labels
	claim.Spec = claimSpec(claim.Spec, pods.Storage)

	pod := &set.Spec.Template.Spec
	pod.ServiceAccountName = c.Metadata.Name
	for _, secret := range c.Spec.ImagePullSecrets {
		pod.ImagePullSecrets = append(pod.ImagePullSecrets, corev1.LocalObjectReference{Name: secret})
	}
	pod.NodeSelector = pods.NodeSelector
	pod.Tolerations = pods.Tolerations
	pod.PriorityClassName = pods.PriorityClassName
	pod.SchedulerName = pods.SchedulerName
	pod.Affinity = antiAffinity(c.Metadata.Name, group.Component, pods)
	pod.TopologySpreadConstraints = spread(labels, pods)
	// gpexpand calls hosts by what they call themselves, which is the first part of their names.
	pod.DNSConfig = &corev1.PodDNSConfig{Searches: []string{serviceDomain(c, c.HostsService())}}
	fillContainer(&pod.Containers[0], c, pods)
	pod.Containers[0].StartupProbe.TCPSocket.Port = intstr.FromInt32(port)
	pod.Volumes[0].ConfigMap.Name = scriptsName(c)
	pod.Volumes[1].Secret.SecretName = keysName(c)
	pod.Volumes[2].ConfigMap.Name = StateName(c.Metadata.Name)
	pod.Volumes[3].EmptyDir.SizeLimit = new(topology.ShmSize(c, group.Component))
	return patched(set, c.Spec.PodTemplate)
}

func fillContainer(container *corev1.Container, c *topology.Cluster, pods topology.Pods) {
	container.Image = c.ImageRef()
	container.ImagePullPolicy = c.Spec.ImagePullPolicy
	container.Resources.Requests = pods.Resources.Requests
	container.Resources.Limits = pods.Resources.Limits
	container.Env = []corev1.EnvVar{
		{Name: "LANG", Value: c.Spec.Database.Locale},
		{Name: "GPK_COORDINATORS", Value: strings.Join(coordinatorHosts(c), " ")},
	}
}

// coordinatorHosts are the hosts of the coordinator and of the standby, which may change places.
func coordinatorHosts(c *topology.Cluster) []string {
	group := topology.New(c).Groups[0]
	var hosts []string
	for ordinal := range group.Replicas {
		hosts = append(hosts, c.Host(group.Pod(ordinal)))
	}
	return hosts
}
