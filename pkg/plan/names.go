package plan

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/topology"
)

// Labels on the objects of a cluster.
const (
	// ComponentLabel has an object's topology.Component, where the object belongs to one.
	ComponentLabel = "app.kubernetes.io/component"
	// ManagedLabel says that gpk made the object.
	ManagedLabel = "app.kubernetes.io/managed-by"
	// ManagedSelector selects the objects of every cluster that gpk has made.
	ManagedSelector = ManagedLabel + "=gpk"

	// ReplacedLabel is on the pod of a coordinator that a failover has replaced without reaching it. The network policies do not let such a
	// pod in.
	ReplacedLabel = "gpk.io/replaced"

	labelName     = "app.kubernetes.io/name"
	labelInstance = "app.kubernetes.io/instance"
	// Kubernetes puts these two on the pods of a StatefulSet: the pod's name, and its ordinal.
	labelPodName  = "statefulset.kubernetes.io/pod-name"
	labelPodIndex = "apps.kubernetes.io/pod-index"
)

// Labels are those by which gpk finds every object of a cluster again.
func Labels(cluster string) map[string]string {
	return map[string]string{labelName: "greenplum", labelInstance: cluster, ManagedLabel: "gpk"}
}

// ImageLabels are those of the pods that bring an image to nodes. What selects the cluster's pods does not select these.
func ImageLabels(cluster string) map[string]string {
	return map[string]string{labelName: "greenplum-image", labelInstance: cluster, ManagedLabel: "gpk"}
}

// PodSelector selects one pod by name. StatefulSets label their pods with it.
func PodSelector(pod string) map[string]string { return map[string]string{labelPodName: pod} }

// ClusterOf is the name of the cluster that an object belongs to.
func ClusterOf(object metav1.Object) string { return object.GetLabels()[labelInstance] }

func (l layout) componentLabels(component topology.Component) map[string]string {
	labels := Labels(l.Metadata.Name)
	labels[ComponentLabel] = string(component)
	return labels
}

// identify makes an object one of the cluster's.
func (l layout) identify(object metav1.Object, name string, labels map[string]string) {
	object.SetName(name)
	object.SetNamespace(l.Metadata.Namespace)
	object.SetLabels(labels)
}

// Container is the name of the database container in every pod.
const Container = "greenplum"

// CoordinatorsVariable has the hosts of both coordinators in every pod's environment.
const CoordinatorsVariable = "GPK_COORDINATORS"

// hostsVariable has the hosts' Service, below whose domain the pods look each other up.
const hostsVariable = "GPK_HOSTS_SERVICE"

// Names of what the pods mount.
func (l layout) scriptsName() string { return l.Metadata.Name + "-scripts" }
func (l layout) keysName() string    { return l.Metadata.Name + "-ssh" }

// tlsVolume has the certificate that clients see.
const tlsVolume = "gpk-tls"

// StateName is the ConfigMap with what gpk has decided. Pods read it when they restart.
func StateName(cluster string) string { return cluster + "-state" }

// Keys of the state.
const (
	// StateCoordinator is the pod that acts as coordinator. A coordinator's instance in another pod stays down.
	StateCoordinator = "coordinator"
	// StateTerm grows with every decision on StateCoordinator and StateDatabase. A pod may see an old state for two minutes. A
	// coordinator's pod that was told the term knows that the state is old (the fencing token of distributed locks).
	StateTerm = "term"
	// StateDatabase is running or stopped: whether pods that restart start their instances again.
	StateDatabase = "database"
	// StateNetwork is NetworkEnforced, NetworkOpen or NetworkUnknown, once Enforced has tried. The pods do not read it.
	StateNetwork = "network"
	// StateHosts are the hosts of all pods, a line each.
	StateHosts = "hosts"
)
