package plan

import (
	"cmp"
	"fmt"
	"iter"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// layout is a cluster with its instances, pods and hosts. It needs no manifest, so it cannot fail.
type layout struct {
	*topology.Cluster
	topology topology.Topology
	// pods and hosts are those of all groups, group by group.
	pods, hosts []string
	// coordinators are the instances of the coordinator's and the standby's pod, whichever of them acts.
	coordinators                      []topology.Instance
	coordinatorPods, coordinatorHosts []string
}

func layoutOf(c *topology.Cluster) layout {
	l := layout{Cluster: c, topology: topology.New(c)}
	l.pods = l.topology.Pods()
	l.hosts = each(l.pods, c.Host)
	// The topology lists the coordinators first.
	count := int(l.topology.Groups[0].Replicas)
	l.coordinators = l.topology.Instances[:count:count]
	l.coordinatorPods, l.coordinatorHosts = l.pods[:count:count], l.hosts[:count:count]
	return l
}

// beyond yields the group and the ordinal of each pod that smaller groups of the same cluster lack. With nil it yields all pods.
func (l layout) beyond(smaller []topology.Group) iter.Seq2[topology.Group, int32] {
	return func(yield func(topology.Group, int32) bool) {
		for i, group := range l.topology.Groups {
			first := int32(0)
			if i < len(smaller) {
				first = smaller[i].Replicas
			}
			for ordinal := first; ordinal < group.Replicas; ordinal++ {
				if !yield(group, ordinal) {
					return
				}
			}
		}
	}
}

// namespaceDomain ends the full names of the namespace's Services, as far as gpk knows: the pods find out.
func (l layout) namespaceDomain() string {
	return l.Metadata.Namespace + ".svc." + cmp.Or(l.Spec.Network.ClusterDomain, "cluster.local")
}

// searches are the domains that pods look names up in after those of the kubelet, and where a patch has them go without the kubelet's, all
// of these. The hosts' own is for programs that do not know what the pods have found: those that do not use glibc, such as Go's.
func (l layout) searches() []string {
	domain := l.namespaceDomain()
	hosts := l.HostsService() + "." + domain
	if t := l.Spec.PodTemplate; t == nil || t.Spec.DNSPolicy != corev1.DNSNone {
		return []string{hosts}
	}
	_, services, _ := strings.Cut(domain, ".")
	_, cluster, _ := strings.Cut(services, ".")
	return []string{hosts, domain, services, cluster}
}

// clientNames are the names in the certificate by which the cluster's pods know each other. It stays as it is, whatever clients see.
func (l layout) clientNames() []string {
	without := *l.Cluster
	without.Spec.TLS = nil
	return append(without.ClientNames(), "localhost")
}

func (l layout) authentication() Authentication {
	return Authentication{Coordinators: segments.HBA(l.ClientHBA()), Segments: segments.HBA(nil)}
}

// coordinatorsAuthentication is for gpinitstandby, which lets in the addresses that the pods have at the moment, and for a new coordinator.
func (l layout) coordinatorsAuthentication() Authentication {
	a := l.authentication()
	a.OnlyCoordinators, a.Tolerant = true, true
	return a
}

// tolerated is authenticated for a failover.
func (l layout) tolerated() Step {
	step, action := l.authenticated(), l.authentication()
	action.Tolerant = true
	step.Action = action
	return step
}

// authenticated is the last step wherever a utility has run that adds lines to pg_hba.conf.
func (l layout) authenticated() Step {
	return Step{"authentication", "client authentication", Converge, l.authentication()}
}

// parts are all that a cluster consists of. Each plan makes them once, and its steps select from them. Two plans share no
// object, so a plan may change its own. Claims and pairs' budgets are made by methods: there may be thousands.
type parts struct {
	layout
	manifests *manifests
	// sets are the StatefulSets, group by group.
	sets []*appsv1.StatefulSet
	// common are the objects that a cluster of any size has.
	common []Object
}

func partsOf(c *topology.Cluster) (parts, error) {
	manifests, err := readManifests()
	if err != nil {
		return parts{}, err
	}
	p := parts{layout: layoutOf(c), manifests: manifests}
	for _, group := range p.topology.Groups {
		set, err := p.statefulSet(group)
		if err != nil {
			return parts{}, fmt.Errorf("stateful set %s: %w", group.Name, err)
		}
		p.sets = append(p.sets, set)
	}
	p.common = slices.Concat(p.services(), p.policies(), p.componentBudgets())
	return p, nil
}

// objects are manifests of one kind as manifests of any kind.
func objects[T Object](typed []T) []Object {
	return each(typed, func(object T) Object { return object })
}

func names[T Object](objects []T) []string {
	return each(objects, func(object T) string { return object.GetName() })
}
