package plan

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/topology"
	"gpk/templates"
)

// Whole wants every instance up and in sync, and no expansion under way, before pods of stateful sets are replaced. It
// changes nothing.
type Whole struct{ Replacing []*appsv1.StatefulSet }

// Pulled brings the image of a pod to the nodes of the pods that are to be replaced, and looks whether it holds the wanted
// release, with the catalogue version of the one that runs.
type Pulled struct {
	Replacing []*appsv1.StatefulSet
	// Pod is made once on each node, and removed again.
	Pod     *corev1.Pod
	Version string
}

// Replaced makes those pods of stateful sets anew, all at once, that were made with another image or other resources.
type Replaced struct{ Sets []*appsv1.StatefulSet }

// Release wants the programs of every pod to be of a release. It changes nothing.
type Release struct {
	Pods    []string
	Version string
}

func (Whole) action()    {}
func (Pulled) action()   {}
func (Replaced) action() {}
func (Release) action()  {}

// UpgradeOperation is the operation of every plan of Upgrade, in whichever direction it leads.
const UpgradeOperation = "upgrade"

// MajorUpgrade is what a person can do where the catalogue versions differ.
const MajorUpgrade = "nothing was changed: make a new cluster of that release with `gpk create` and move the data there with pg_dumpall, " +
	"gpbackup or gpcopy, or convert the files with gpupgrade by hand; gpk upgrades between releases of one catalogue version only"

// WindowStep is the id of the first step of a maintenance window: until it nothing of the cluster has been changed.
const WindowStep = "pods"

// Upgrade is the plan that brings a cluster to the image and the release of c. begun: an earlier gpk has gone through the
// preparations, and the database may be down.
func Upgrade(c *topology.Cluster, begun bool) (Plan, error) {
	t := topology.New(c)
	steps, err := window(c, t)
	if err != nil {
		return Plan{}, err
	}
	steps = append(steps,
		Step{"release", "release " + c.Spec.Version + " in every pod", Converge, Release{t.Pods(), c.Spec.Version}})
	if !begun {
		pod, err := imagePod(c)
		if err != nil {
			return Plan{}, err
		}
		workloads := steps[0].Action.(Apply)
		sets := workloads.Sets()
		steps = append([]Step{
			{"whole", "every instance up and in sync, no expansion under way", Converge, Whole{sets}},
			admissible(workloads, true),
			{"image", "image " + c.ImageRef() + " on every node, with the same catalogue version", Converge, Pulled{sets, pod, c.Spec.Version}},
		}, steps...)
	}
	return Plan{UpgradeOperation, ref(c), steps}, nil
}

// window are the steps from a database that runs to one that runs in pods as c has them. Whatever can be done while it runs
// comes before it is stopped.
func window(c *topology.Cluster, t topology.Topology) ([]Step, error) {
	workloads, err := workloads(c, t)
	if err != nil {
		return nil, err
	}
	sets := workloads.Sets()
	return append([]Step{
		{WindowStep, "stateful sets", Converge, workloads},
		{"stop", "database stopped", Converge, Stopped{Mode: "fast", Keep: t.Instances, Replacing: sets, Again: true}},
		{"replaced", "pods made anew", Converge, Replaced{sets}},
		{"running", "pods running", Converge, Running{Pods: t.Pods()}},
		{"network", "hosts reachable by name, ssh and port", Converge, Reach{Hosts: hosts(c, t)}},
		{"start", "database started", Converge, Started{Hosts: hosts(c, t), Coordinators: heads(c, t)}},
		{"ready", "instances running in every pod", Converge, Ready{t.Pods()}},
		{"synced", "mirrors in sync", Converge, Synced{}},
	}, reachable(c, t)...), nil
}

// imagePod is the pod that brings the image to a node. It has labels of its own: to all that selects the cluster's pods it is
// a stranger.
func imagePod(c *topology.Cluster) (*corev1.Pod, error) {
	pod := &corev1.Pod{}
	if err := templates.Decode("pod-image", pod); err != nil {
		return nil, err
	}
	pod.GenerateName = c.Metadata.Name + "-image-"
	pod.Namespace = c.Metadata.Namespace
	pod.Labels = ImageLabels(c.Metadata.Name)
	for _, secret := range c.Spec.ImagePullSecrets {
		pod.Spec.ImagePullSecrets = append(pod.Spec.ImagePullSecrets, corev1.LocalObjectReference{Name: secret})
	}
	pod.Spec.ServiceAccountName = c.Metadata.Name
	pod.Spec.Containers[0].Image = c.ImageRef()
	pod.Spec.Containers[0].ImagePullPolicy = c.Spec.ImagePullPolicy
	pod.Spec.Containers[0].Args = inspection(c)
	pod.Spec.Volumes[0].ConfigMap.Name = scriptsName(c)
	return pod, nil
}

// ImageLabels are those of the pods that bring an image to nodes.
func ImageLabels(cluster string) map[string]string {
	return map[string]string{labelName: "greenplum-image", labelInstance: cluster, labelManagedBy: "gpk"}
}
