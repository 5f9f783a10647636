package plan

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/topology"
	"gpk/templates"
)

// ComponentLabel has an object's topology.Component.
const ComponentLabel = "app.kubernetes.io/component"

// Labels of every object of a cluster; the component's label is added to what belongs to one component.
const (
	labelName      = "app.kubernetes.io/name"
	labelInstance  = "app.kubernetes.io/instance"
	labelManagedBy = "app.kubernetes.io/managed-by"
	labelComponent = ComponentLabel
	labelPodName   = "statefulset.kubernetes.io/pod-name"
)

// Labels are those by which every object of a cluster is found again.
func Labels(cluster string) map[string]string {
	return map[string]string{labelName: "greenplum", labelInstance: cluster, labelManagedBy: "gpk"}
}

// PodSelector selects one pod by name. StatefulSets label their pods with it.
func PodSelector(pod string) map[string]string { return map[string]string{labelPodName: pod} }

func componentLabels(cluster string, component topology.Component) map[string]string {
	labels := Labels(cluster)
	labels[labelComponent] = string(component)
	return labels
}

func name(object metav1.Object, c *topology.Cluster, name string) {
	object.SetName(name)
	object.SetNamespace(c.Metadata.Namespace)
	object.SetLabels(Labels(c.Metadata.Name))
}

// Names of the objects that the pods mount.
func scriptsName(c *topology.Cluster) string { return c.Metadata.Name + "-scripts" }
func keysName(c *topology.Cluster) string    { return c.Metadata.Name + "-ssh" }

// StateName is the ConfigMap with what gpk has decided and the pods must know when they restart.
func StateName(cluster string) string { return cluster + "-state" }

// Keys of the state.
const (
	// StateCoordinator is the pod that is to act as coordinator. A coordinator's instance in another pod stays down.
	StateCoordinator = "coordinator"
	// StateTerm grows with every decision on StateCoordinator and StateDatabase. A pod may see the one before for two minutes; a
	// coordinator's that was told the term knows that there is a later one (the fencing token of distributed locks).
	StateTerm = "term"
	// StateDatabase is running or stopped: whether pods that restart bring their instances back.
	StateDatabase = "database"
	// StateHosts are the hosts of all pods, a line each.
	StateHosts = "hosts"
)

func sharedObjects(c *topology.Cluster) ([]Object, error) {
	account := &corev1.ServiceAccount{}
	scripts := &corev1.ConfigMap{}
	hosts, clients := &corev1.Service{}, &corev1.Service{}
	for manifest, into := range map[string]any{"serviceaccount": account, "configmap-scripts": scripts,
		"service-hosts": hosts, "service-client": clients} {
		if err := templates.Decode(manifest, into); err != nil {
			return nil, err
		}
	}
	data, err := templates.Scripts()
	if err != nil {
		return nil, err
	}
	name(account, c, c.Metadata.Name)
	name(scripts, c, scriptsName(c))
	scripts.Data = data
	name(hosts, c, c.HostsService())
	hosts.Spec.Selector = Labels(c.Metadata.Name)
	name(clients, c, c.ClientService())
	clients.Annotations = c.Spec.Network.Service.Annotations
	clients.Spec.Type = c.Spec.Network.Service.Type
	// Who is the acting coordinator is known from the catalogue only: the step "service" owns the selector.
	clients.Spec.Selector = nil
	return []Object{account, scripts, hosts, clients}, nil
}

func volumes(c *topology.Cluster, t topology.Topology) (Apply, error) {
	var apply Apply
	// Parsing it for each of thousands of claims would be most of the plan's time.
	blank := &corev1.PersistentVolumeClaim{}
	if err := templates.Decode("persistentvolumeclaim", blank); err != nil {
		return Apply{}, err
	}
	for _, group := range t.Groups {
		for ordinal := range group.Replicas {
			claim := blank.DeepCopy()
			name(claim, c, "data-"+group.Pod(ordinal))
			claim.Labels = componentLabels(c.Metadata.Name, group.Component)
			claim.Spec = claimSpec(claim.Spec, c.GroupPods(group.Component).Storage)
			apply.Objects = append(apply.Objects, claim)
		}
	}
	return apply, nil
}

func claimSpec(spec corev1.PersistentVolumeClaimSpec, storage topology.Storage) corev1.PersistentVolumeClaimSpec {
	spec.StorageClassName = storage.ClassName
	if storage.Size != nil {
		spec.Resources.Requests = corev1.ResourceList{corev1.ResourceStorage: *storage.Size}
	}
	return spec
}

// ManagedSelector selects the objects of every cluster that gpk has made.
const ManagedSelector = labelManagedBy + "=gpk"

// ClusterOf is the name of the cluster that an object belongs to.
func ClusterOf(object metav1.Object) string { return object.GetLabels()[labelInstance] }

// ManagedLabel says on an object that gpk made it.
const ManagedLabel = labelManagedBy
