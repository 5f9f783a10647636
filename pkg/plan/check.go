package plan

import (
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// CheckOperation is the name of the plan of `gpk check`.
const CheckOperation = "check"

// Check is the plan of all that create needs: what only a check looks at, and the steps of create, of which a check runs the Checks.
func Check(c *topology.Cluster) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	all, err := Create(c)
	return newPlan(CheckOperation, ref(c), []Step{
		{"rights", "rights of create", Converge, Allowed{"create", c}},
		{"kubernetes", "release of Kubernetes", Converge, Kubernetes{}},
		{"inspected", "image " + c.ImageRef() + ", in a pod of its own", Converge, Inspected{p.sets, p.inspector(), c.Spec.Version}},
	}, all.Steps), err
}

// Looks is the plan with the steps only that find out, before anything is made, whether create can succeed.
func (p Plan) Looks() Plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return !s.IsLook() })
	return p
}

// IsLook says whether a step finds out, before anything is made, whether create can succeed.
func (s Step) IsLook() bool {
	switch s.Action.(type) {
	case Allowed, Kubernetes, Inspected, Passwords, GivenCertificate, Capacity, Admissible:
		return true
	}
	return false
}

// Try is an action that finds something out by short-lived objects, which its Do makes and removes again. It leaves nothing behind.
type Try interface {
	Action
	tries()
}

// Allowed finds out whether the user has the rights of a command. It changes nothing.
type Allowed struct {
	Command string
	Cluster *topology.Cluster
}

// Kubernetes finds out whether the API server has a release that gpk's pods run on. It changes nothing.
type Kubernetes struct{}

// Inspected looks into an image by a short-lived pod, as long as there are no StatefulSets: after that, the step image looks into their
// pods. So an image that cannot run a database is known before anything is made.
type Inspected struct {
	// Sets are the StatefulSets that run the image.
	Sets    []*appsv1.StatefulSet
	Pod     *corev1.Pod
	Version string
}

func (Allowed) action()    {}
func (Allowed) looks()     {}
func (Kubernetes) action() {}
func (Kubernetes) looks()  {}
func (Inspected) action()  {}
func (Inspected) tries()   {}

// LeftOver removes short-lived pods that a gpk has left behind that was killed.
type LeftOver struct{ Labels map[string]string }

func (LeftOver) action() {}

// InspectorName is the name of the pod that looks into the image of a cluster that does not exist yet. It is fixed, so that a Role can name
// it.
func InspectorName(cluster string) string { return cluster + "-image" }

// InspectorLabels are those of that pod. What selects the cluster's pods does not select it, and what removes the pods of an upgrade does
// not remove it.
func InspectorLabels(cluster string) map[string]string {
	return map[string]string{labelName: "greenplum-inspector", labelInstance: cluster, ManagedLabel: "gpk"}
}

// inspectorScripts are the scripts that the inspector runs.
var inspectorScripts = []string{"image.sh", "env.sh", "release.sh"}

// inspector is the pod that looks into the image. It brings its scripts along as annotations, which the kubelet writes into files, so that
// it needs no ConfigMap. It goes where the scheduler would put a primary: nodes of another kind may have another architecture.
func (p parts) inspector() *corev1.Pod {
	pod := p.imagePod().DeepCopy()
	pod.Name, pod.GenerateName = InspectorName(p.Metadata.Name), ""
	maps.Copy(pod.Labels, InspectorLabels(p.Metadata.Name))
	if pod.Annotations == nil {
		pod.Annotations = map[string]string{}
	}
	var files []corev1.DownwardAPIVolumeFile
	for _, name := range inspectorScripts {
		key := "gpk.io/" + name
		pod.Annotations[key] = p.manifests.files[name]
		files = append(files, corev1.DownwardAPIVolumeFile{Path: name,
			FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.annotations['" + key + "']"}})
	}
	pod.Spec.Volumes[0].VolumeSource = corev1.VolumeSource{DownwardAPI: &corev1.DownwardAPIVolumeSource{Items: files}}
	// The cluster's own account does not exist yet.
	pod.Spec.ServiceAccountName = ""
	segment := &p.sets[len(p.sets)-1].Spec.Template.Spec
	pod.Spec.NodeSelector, pod.Spec.Tolerations = segment.NodeSelector, segment.Tolerations
	pod.Spec.SchedulerName, pod.Spec.RuntimeClassName = segment.SchedulerName, segment.RuntimeClassName
	pod.Spec.ImagePullSecrets = segment.ImagePullSecrets
	if segment.Affinity != nil && segment.Affinity.NodeAffinity != nil {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: segment.Affinity.NodeAffinity}
	}
	// A gpk that is killed cannot delete it.
	pod.Spec.ActiveDeadlineSeconds = new(int64(3600))
	pod.Spec.Containers[0].Args = segments.InspectionOf(p.Spec.Database)
	return pod.DeepCopy()
}
