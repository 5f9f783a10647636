package plan

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"gpk/pkg/topology"
)

// statefulSet is the StatefulSet of a group, with cluster.yaml's patch on its pod template.
func (p parts) statefulSet(group topology.Group) (*appsv1.StatefulSet, error) {
	set := p.manifests.set.DeepCopy()
	labels := p.componentLabels(group.Component)
	p.identify(set, group.Name, labels)
	set.Spec.ServiceName = p.HostsService()
	set.Spec.Replicas = &group.Replicas
	set.Spec.Selector = &metav1.LabelSelector{MatchLabels: labels}
	set.Spec.Template.Labels = labels
	claim := &set.Spec.VolumeClaimTemplates[0]
	claim.Labels = labels
	claim.Spec = claimSpec(claim.Spec, p.GroupPods(group.Component).Storage)
	p.fillPod(&set.Spec.Template.Spec, group, labels)
	// A copy shares no map and no list with the cluster, nor with another plan of it.
	return patched(set.DeepCopy(), p.Spec.PodTemplate)
}

func (p parts) fillPod(pod *corev1.PodSpec, group topology.Group, labels map[string]string) {
	pods := p.GroupPods(group.Component)
	pod.ServiceAccountName = p.Metadata.Name
	pod.ImagePullSecrets = p.pullSecrets()
	pod.NodeSelector = pods.NodeSelector
	pod.Tolerations = pods.Tolerations
	pod.PriorityClassName = pods.PriorityClassName
	pod.SchedulerName = pods.SchedulerName
	pod.Affinity = p.antiAffinity(group.Component, pods)
	pod.TopologySpreadConstraints = evenSpread(labels, pods)
	// gpexpand calls hosts by what they call themselves, which is the first part of their names.
	pod.DNSConfig = &corev1.PodDNSConfig{Searches: p.searches()}
	pod.Volumes[0].ConfigMap.Name = p.scriptsName()
	pod.Volumes[1].Secret.SecretName = p.keysName()
	pod.Volumes[2].ConfigMap.Name = StateName(p.Metadata.Name)
	pod.Volumes[3].EmptyDir.SizeLimit = new(topology.ShmSize(p.Cluster, group.Component))
	p.mountCertificate(pod, group.Component)

	p.runAs(pod.SecurityContext)
	pod.SecurityContext.FSGroup = p.Spec.User.GID

	container := &pod.Containers[0]
	for _, c := range []*corev1.Container{&pod.InitContainers[0], container} {
		c.Image, c.ImagePullPolicy = p.ImageRef(), p.Spec.ImagePullPolicy
		c.Resources.Requests, c.Resources.Limits = pods.Resources.Requests, pods.Resources.Limits
	}
	container.Env = []corev1.EnvVar{
		// The image may have another one, and processes that gpk or a person starts in the pod have it from there.
		{Name: "HOME", Value: topology.Home},
		{Name: "LANG", Value: p.Spec.Database.Locale},
		{Name: CoordinatorsVariable, Value: strings.Join(p.coordinatorHosts, " ")},
		{Name: hostsVariable, Value: p.HostsService()},
	}
	first := slices.IndexFunc(p.topology.Instances, func(i topology.Instance) bool { return i.Pod == group.Pod(0) })
	container.StartupProbe.TCPSocket.Port = intstr.FromInt32(p.topology.Instances[first].Port)
}

// runAs gives a pod cluster.yaml's user. None is asked for if the namespace assigns one.
func (l layout) runAs(security *corev1.PodSecurityContext) {
	security.RunAsUser, security.RunAsGroup = copied(l.Spec.User.UID), copied(l.Spec.User.GID)
}

func copied(id *int64) *int64 {
	if id == nil {
		return nil
	}
	return new(*id)
}

// Keeping is the plan of another operation for a cluster with an unfinished expansion. The catalogue may already have the new
// segments, so the plan keeps the new pods as the others. If it takes all pods from a StatefulSet, it takes the new ones too.
func (p Plan) Keeping(to *topology.Cluster) Plan {
	l := layoutOf(to)
	grown := func(set *appsv1.StatefulSet) *appsv1.StatefulSet {
		at := slices.IndexFunc(l.topology.Groups, func(g topology.Group) bool { return g.Name == set.Name })
		if at < 0 || *set.Spec.Replicas == 0 || *set.Spec.Replicas >= l.topology.Groups[at].Replicas {
			return set
		}
		set = set.DeepCopy()
		*set.Spec.Replicas = l.topology.Groups[at].Replicas
		return set
	}
	return p.withActions(func(action Action) Action {
		switch action := withSets(action, grown).(type) {
		case Started:
			action.Hosts = l.hosts
			return action
		case Expose:
			action.Hosts = l.hosts
			return action
		case Return:
			action.Hosts = l.hosts
			return action
		case Fence:
			action.Hosts = l.hosts
			return action
		default:
			return action
		}
	})
}

// withSets is an action with another StatefulSet in the place of each.
func withSets(action Action, other func(*appsv1.StatefulSet) *appsv1.StatefulSet) Action {
	switch action := action.(type) {
	case Apply:
		action.Objects = each(action.Objects, func(object Object) Object {
			if set, ok := object.(*appsv1.StatefulSet); ok {
				return other(set)
			}
			return object
		})
		return action
	case Capacity:
		action.Sets = each(action.Sets, other)
		return action
	case Admissible:
		action.Sets = each(action.Sets, other)
		return action
	}
	return action
}
