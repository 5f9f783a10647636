package plan

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/topology"
)

// ResizeVolumes is the plan that makes volumes as large as c has them, while the database runs. to also has the resources that
// the pods get afterwards. Volumes never shrink again, so gpk asks before whether the API server would refuse these resources.
func ResizeVolumes(c, to *topology.Cluster) (Plan, error) {
	p, err := partsOf(c)
	if err != nil {
		return Plan{}, err
	}
	wanted, err := partsOf(to)
	if err != nil {
		return Plan{}, err
	}
	claims := p.claims(nil)
	return newPlan(ResizeOperation, ref(c), []Step{
		{"admissible", "stateful sets that the API server takes", Converge, Admissible{wanted.sets, true}},
		{"growable", "storage classes that let volumes grow", Converge, Growable{claims}},
		{"volumes", "volume claims", Converge, Apply{Objects: objects(claims)}},
		{"grown", "volumes and their file systems grown", Converge, Grown{claims}},
		{"templates", "stateful sets of the earlier size gone, without their pods", Converge, Orphaned{p.sets}},
		p.scripted(),
		{"sets", "stateful sets of the new size", Converge, Apply{Objects: objects(p.sets)}},
	}), nil
}

// Resize is the plan that gives the pods the resources that a cluster.yaml has for them, and the instances the settings that are
// derived from these. It returns the first step of its maintenance window too. begun: an earlier gpk has reached that step, and
// the database may be down. Then gpk can write the settings only once it runs again, and they take a restart of their own.
func Resize(from, to *topology.Cluster, begun bool) (p Plan, windowStep string, err error) {
	wanted, err := partsOf(to)
	if err != nil {
		return Plan{}, "", err
	}
	written := Written{Settings: changedSettings(from, to, nil)}
	changed := len(written.Settings) > 0
	const settings, title = "settings", "settings of these resources in the files of all instances"
	windowStep = WindowStep
	if changed && !begun {
		windowStep = settings
	}
	return newPlan(ResizeOperation, ref(to), []Step{
		{"whole", "every instance up and in sync, no expansion under way", Converge, when(!begun, Whole{wanted.sets})},
		{"capacity", "room for the pods", Converge, when(!begun, Capacity{Sets: wanted.sets, Anew: true})},
		{"admissible", "stateful sets that the API server takes", Converge, when(!begun, Admissible{wanted.sets, true})},
		{settings, title, Converge, when(changed && !begun, written)},
	}, wanted.window(), []Step{
		{settings, title, Converge, when(changed && begun, written)},
		{"effective", "settings in effect", Converge, when(changed, Effective{Names: written.Names()})},
	}), windowStep, nil
}

// Growable requires the storage classes of claims that grow to allow that. It changes nothing.
type Growable struct {
	Claims []*corev1.PersistentVolumeClaim
}

// Grown waits until the volumes of claims, and the file systems in them, are as large as the claims ask for.
type Grown struct {
	Claims []*corev1.PersistentVolumeClaim
}

// Orphaned deletes StatefulSets with other claim templates than wanted: nobody can change these. Their pods go on without them,
// and belong to the StatefulSets that gpk makes in their place.
type Orphaned struct{ Sets []*appsv1.StatefulSet }

func (Growable) action() {}
func (Grown) action()    {}
func (Orphaned) action() {}
