package plan

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/topology"
)

// MajorUpgrade is what a person can do where the catalogue versions differ.
const MajorUpgrade = "nothing was changed: gpk upgrades only between releases of one catalogue version. Make a new cluster of that " +
	"release with `gpk create`, and move the data there with pg_dumpall, gpbackup or gpcopy. Or convert the files with gpupgrade by hand"

// Upgrade is the plan that brings a cluster to c's image and release. begun: all is prepared, and the database may be down.
func Upgrade(c *topology.Cluster, begun bool) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	return newPlan(UpgradeOperation, ref(c), []Step{
		{"whole", "every instance up and in sync, no expansion under way", Converge, when(!begun, Whole{p.sets})},
		{"admissible", "stateful sets that the API server takes", Converge, when(!begun, Admissible{p.sets, true})},
		{"image", "image " + c.ImageRef() + " on every node, with the same catalogue version", Converge,
			when(!begun, Pulled{p.sets, p.imagePod(), c.Spec.Version})},
	}, p.window(), []Step{
		{"release", "release " + c.Spec.Version + " in every pod", Converge, Release{p.pods, c.Spec.Version}},
	}), nil
}

// Pulled brings the image of a pod to the nodes of the pods that gpk replaces, and finds out whether the image has the wanted
// release, with the catalogue version of the release that runs.
type Pulled struct {
	Replacing []*appsv1.StatefulSet
	// Pod is made once on each node, and removed again.
	Pod     *corev1.Pod
	Version string
}

// Release requires the programs of every pod to be of a release. It changes nothing.
type Release struct {
	Pods    []string
	Version string
}

func (Pulled) action()  {}
func (Release) action() {}
