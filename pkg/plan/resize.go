package plan

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/topology"
)

// Growable wants the storage classes of claims that are to become larger to allow that. It changes nothing.
type Growable struct {
	Claims []*corev1.PersistentVolumeClaim
}

// Grown waits until the volumes of claims, and the file systems in them, are as large as these ask for.
type Grown struct {
	Claims []*corev1.PersistentVolumeClaim
}

// Orphaned deletes stateful sets whose claim templates, which nobody can change, are not as wanted. Their pods go on without
// them, and belong to those that are made in their place.
type Orphaned struct{ Sets []*appsv1.StatefulSet }

func (Growable) action() {}
func (Grown) action()    {}
func (Orphaned) action() {}

// ResizeOperation is the operation of the plans of ResizeVolumes and Resize.
const ResizeOperation = "resize"

// ResizeVolumes is the plan that makes volumes as large as c has them, while the database runs. to has the resources as well that the
// pods are given afterwards: volumes never go back, so what the API server would refuse of these is found before.
func ResizeVolumes(c, to *topology.Cluster) (Plan, error) {
	t := topology.New(c)
	volumes, err := volumes(c, t)
	if err != nil {
		return Plan{}, err
	}
	wanted, err := workloads(to, t)
	if err != nil {
		return Plan{}, err
	}
	sets, err := workloads(c, t)
	if err != nil {
		return Plan{}, err
	}
	var claims []*corev1.PersistentVolumeClaim
	for _, object := range volumes.Objects {
		if claim, ok := object.(*corev1.PersistentVolumeClaim); ok {
			claims = append(claims, claim)
		}
	}
	return Plan{ResizeOperation, ref(c), []Step{
		admissible(wanted, true),
		{"growable", "storage classes that let volumes grow", Converge, Growable{claims}},
		{"volumes", "volume claims", Converge, volumes},
		{"grown", "volumes and their file systems grown", Converge, Grown{claims}},
		{"templates", "stateful sets of the earlier size gone, without their pods", Converge, Orphaned{sets.Sets()}},
		{"sets", "stateful sets of the new size", Converge, sets},
	}}, nil
}

// Resize is the plan that gives the pods the resources that a cluster.yaml has for them, and the instances the settings that are
// derived from these. It returns the first step of its maintenance window. begun: an earlier gpk has come to that, and the
// database may be down. Then the settings can only be written once it runs again, and take a restart of their own.
func Resize(from, to *topology.Cluster, begun bool) (p Plan, windowStep string, err error) {
	t := topology.New(to)
	workloads, err := workloads(to, t)
	if err != nil {
		return Plan{}, "", err
	}
	steps, err := window(to, t)
	if err != nil {
		return Plan{}, "", err
	}
	windowStep = WindowStep
	if written := (Written{Settings: changedSettings(from, to, nil)}); len(written.Settings) > 0 {
		settings := Step{"settings", "settings of these resources in the files of all instances", Converge, written}
		if begun {
			steps = append(steps, settings)
		} else {
			steps = append([]Step{settings}, steps...)
			windowStep = settings.ID
		}
		steps = append(steps, Step{"effective", "settings in effect", Converge, Effective{written.Names()}})
	}
	if !begun {
		room := capacity(workloads)
		room.Anew = true
		steps = append([]Step{
			{"whole", "every instance up and in sync, no expansion under way", Converge, Whole{workloads.Sets()}},
			{"capacity", "room for the pods", Converge, room},
			admissible(workloads, true),
		}, steps...)
	}
	return Plan{ResizeOperation, ref(to), steps}, windowStep, nil
}
