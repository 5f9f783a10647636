package database

import (
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// PodDirs is a pod with the data directories of its instances.
type PodDirs struct {
	Pod  string
	Dirs []string
}

// HostDirs is PodDirs with the pod's host.
type HostDirs struct {
	PodDirs
	Host string
}

// ByPod groups instances by their pod, in the order of the topology.
func ByPod(instances []topology.Instance) []PodDirs {
	var pods []PodDirs
	for _, host := range ByHost(instances) {
		pods = append(pods, host.PodDirs)
	}
	return pods
}

// ByHost is ByPod with the hosts.
func ByHost(instances []topology.Instance) []HostDirs {
	var hosts []HostDirs
	at := map[string]int{}
	for _, instance := range instances {
		i, found := at[instance.Pod]
		if !found {
			i = len(hosts)
			at[instance.Pod] = i
			hosts = append(hosts, HostDirs{PodDirs{Pod: instance.Pod}, instance.Host})
		}
		hosts[i].Dirs = append(hosts[i].Dirs, instance.Dir)
	}
	return hosts
}

// DirsOf are the pods of rows, with the rows' directories.
func DirsOf(rows []segments.Row) []PodDirs {
	var instances []topology.Instance
	for _, row := range rows {
		instances = append(instances, topology.Instance{Pod: row.Pod(), Dir: row.Dir})
	}
	return ByPod(instances)
}

// PodNames are the names of pods.
func PodNames(pods []PodDirs) []string {
	names := make([]string, len(pods))
	for i, pod := range pods {
		names[i] = pod.Pod
	}
	return names
}
