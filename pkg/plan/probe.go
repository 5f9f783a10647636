package plan

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Enforced finds out whether the network keeps other pods from the cluster's, by a pod that is not one of them, and notes the answer in the
// state. Without that anybody who can make a pod is any role of the database: Greenplum's internal protocol passes by pg_hba.conf.
type Enforced struct {
	Pod   *corev1.Pod
	Doors segments.Doors
	// On is the pod on whose node the other one runs: the image is there.
	On string
}

func (Enforced) action() {}

// Values of the state's StateNetwork.
const (
	NetworkEnforced = "enforced"
	NetworkOpen     = "open"
	NetworkUnknown  = "unknown"
)

// ProbeLabels are those of the pod that tries the cluster's doors. What selects the cluster's pods does not select it.
func ProbeLabels(cluster string) map[string]string {
	return map[string]string{labelName: "greenplum-probe", labelInstance: cluster, ManagedLabel: "gpk"}
}

// enforced tries ssh and the database's port of the first primary, beside the coordinator's, which clients reach.
func (p parts) enforced() Enforced {
	door := func(i topology.Instance, port string) string { return i.Host + "." + p.HostsService() + "/" + port }
	coordinator, primary := p.topology.Coordinator(), p.topology.Segments(topology.Primary)[0]
	doors := segments.Doors{
		Clients: door(coordinator, fmt.Sprint(coordinator.Port)),
		Closed:  []string{door(primary, "22"), door(primary, fmt.Sprint(primary.Port))},
	}
	pod := p.imagePod().DeepCopy()
	pod.GenerateName = p.Metadata.Name + "-probe-"
	for name, value := range ProbeLabels(p.Metadata.Name) {
		pod.Labels[name] = value
	}
	container := &pod.Spec.Containers[0]
	container.Command = []string{"/bin/bash", "-c", "/bin/bash /gpk/scripts/probe.sh \"$@\" >/dev/termination-log", "probe"}
	container.Args = doors.Arguments()
	return Enforced{pod, doors, coordinator.Pod}
}
