package plan

import (
	appsv1 "k8s.io/api/apps/v1"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// These are the steps and the actions that several operations have. The file of an operation has its own.

// start are the steps to a database that clients reach. They make the pods that do not exist.
func (p parts) start() []Step {
	return append([]Step{
		{"capacity", "room for the pods", Converge, Capacity{Sets: p.sets}},
		p.scripted(),
		{"pods", "stateful sets", Converge, Apply{objects(p.sets), p.mirrorSpread()}},
		{"running", "pods running", Converge, Running{Pods: p.pods, Standby: p.coordinatorPods}},
		// gpstart marks segments that it cannot reach yet as down.
		{"network", "hosts reachable by name, ssh and port", Converge, Reach{Hosts: p.hosts, Spare: p.coordinatorHosts}},
		{"start", "database started", Converge, Started{Hosts: p.hosts, Coordinators: p.coordinatorHosts}},
		{"ready", "instances running in every pod", Converge, Ready{p.pods}},
	}, p.reachable()...)
}

// WindowStep is the id of the first step of a maintenance window. Until it gpk changes nothing of the cluster but the pods' scripts.
const WindowStep = "pods"

// window are the steps to a database in pods as cluster.yaml has them. What can be done while it runs comes before it stops.
func (p parts) window() []Step {
	return append([]Step{
		p.scripted(),
		{WindowStep, "stateful sets", Converge, Apply{Objects: objects(p.sets)}},
		{"stop", "database stopped", Converge, Stopped{Mode: "fast", Keep: p.topology.Instances, Replacing: p.sets, Again: true}},
		{"replaced", "pods recreated", Converge, Replaced{Sets: p.sets}},
		{"running", "pods running", Converge, Running{Pods: p.pods}},
		{"network", "hosts reachable by name, ssh and port", Converge, Reach{Hosts: p.hosts}},
		{"start", "database started", Converge, Started{Hosts: p.hosts, Coordinators: p.coordinatorHosts}},
		{"ready", "instances running in every pod", Converge, Ready{p.pods}},
		{"synced", "mirrors in sync", Converge, Synced{}},
	}, p.reachable()...)
}

// reachable are the last steps wherever the coordinator may move: clients reach it, and through it every segment.
func (l layout) reachable() []Step {
	return []Step{
		{"service", "clients' service", Converge, Expose{l.ClientService(), l.hosts}},
		{"verify", "a row written and read through the service", Converge,
			Verify{l.topology.Segments(topology.Primary)[0].Pod, l.ClientHost()}},
	}
}

// Authentication gives every instance that is up the whole of its pg_hba.conf, and has it know the cluster's pods by their certificates.
type Authentication struct {
	// OnlyCoordinators leaves out the segments, to which a failover and gpinitstandby add no lines.
	OnlyCoordinators bool
	// Tolerant: a line that the server refuses is told and fails nothing. What the server has read before holds, and nobody could correct
	// the line amid a failover.
	Tolerant bool
	// Coordinators is the pg_hba.conf of the coordinator and of the standby, with the lines of clients, and Segments that of all others.
	Coordinators, Segments string
	// Converting: a step before this one converts a database of an earlier gpk.
	Converting bool
}

// Capacity finds out whether the pods that do not exist yet would find room on the nodes, and their volumes a storage class.
type Capacity struct {
	Sets []*appsv1.StatefulSet
	// Anew: the pods that gpk replaces need room again.
	Anew bool
	// Notes are shown with what was found.
	Notes []string
}

// Admissible asks the API server whether it would take StatefulSets, before gpk makes what they need. Only the server finds
// most of what is wrong with a pod template, such as the mount of a volume that it does not have. No flag leaves the step out:
// an autoscaler can add room, but what the server refuses now it refuses later too. The step changes nothing.
type Admissible struct {
	Sets []*appsv1.StatefulSet
	// Made: the cluster exists, and `gpk create --update` gives it another spec.podTemplate.
	Made bool
}

// Apply makes or changes objects, all at once, so that they are as given.
type Apply struct {
	Objects []Object
	// Spread, if not nil, is for the mirrors' StatefulSet among them when it is first made.
	Spread *Spread
}

// Present makes objects that are missing, and leaves those that exist as they are.
type Present struct{ Objects []Object }

// Remove deletes the objects of the cluster of these kinds, and waits until they are gone.
type Remove struct{ Kinds []string }

// Absent deletes objects of a kind by name, and waits until they are gone.
type Absent struct {
	Kind  string
	Names []string
}

// Hosts tells the pods the hosts of all pods. When the database starts, each pod waits for these.
type Hosts struct{ Hosts []string }

// Running waits until the pods' containers run.
type Running struct {
	Pods []string
	// Standby are the pods of both coordinators. gpk waits only a while for the one that will not act.
	Standby []string
	// Unmade, if set, has gpk recreate pods that run but were made from an earlier template, as long as there is no database in them.
	Unmade *Unmade
}

// Unmade is what there is not before a database has been made: the clients' Service leads to a pod, and the catalogue has the instances.
type Unmade struct {
	Service   string
	Instances []topology.Instance
}

// Ready waits until the pods are ready, which means that their database instances run.
type Ready struct{ Pods []string }

// Reach waits until every host answers ssh from a pod. It also tries the connections that the database needs: before there is
// a database, nothing else finds out whether they work.
type Reach struct {
	// From is the pod to ask. Empty: the pod of the coordinator that will act.
	From  string
	Hosts []string
	Links []segments.Link
	// Spare are the hosts of both coordinators. One of them need not answer the other.
	Spare []string
}

// Whole requires every instance up and in sync, and no expansion under way, before gpk replaces pods. It changes nothing.
type Whole struct{ Replacing []*appsv1.StatefulSet }

// Stopped stops the database in a mode of gpstop, if it runs: smart, fast or immediate.
type Stopped struct {
	Mode string
	// Keep are instances of which none may run afterwards. Their pods keep them down when they restart.
	Keep []topology.Instance
	// Replacing, if set, are StatefulSets whose pods gpk replaces meanwhile. With none to replace, the database keeps running.
	Replacing []*appsv1.StatefulSet
	// Again: the database starts again right afterwards. It keeps running if gpk sees that a pod for that will not come.
	Again bool
	// Removing: the pods are removed right afterwards, and each stops its own instances then. So nothing that keeps gpk from stopping the
	// database first stands in the way.
	Removing bool
	// Converting: the database keeps running if it is converted.
	Converting bool
}

// Replaced replaces those pods of StatefulSets, all at once, that were made with another image or other resources.
type Replaced struct {
	Sets []*appsv1.StatefulSet
	// Converting replaces the pods instead that know hosts by full names.
	Converting bool
}

// Started starts the database. From then on the pods start their instances again when they restart.
type Started struct {
	// Hosts are the hosts of all pods, and Coordinators those of the two coordinators' pods.
	Hosts, Coordinators []string
	// AnyPrimary accepts a coordinator that answers while segments do not: a later step repairs these. It does not start a
	// database that somebody has stopped.
	AnyPrimary bool
}

// Synced waits until every instance is up and every pair in sync.
type Synced struct {
	// Running: a database that does not run is left as it is.
	Running bool
}

// Expose points the client Service at the acting coordinator's pod, and tells the pods that it acts.
type Expose struct {
	Service string
	Hosts   []string
}

// Verify writes and reads a distributed row through the client Service.
type Verify struct {
	// From is the pod that plays the client.
	From string
	Host string
}

func (Authentication) action() {}
func (Capacity) action()       {}
func (Capacity) looks()        {}
func (Admissible) action()     {}
func (Admissible) looks()      {}
func (Apply) action()          {}
func (Present) action()        {}
func (Remove) action()         {}
func (Absent) action()         {}
func (Hosts) action()          {}
func (Running) action()        {}
func (Ready) action()          {}
func (Reach) action()          {}
func (Whole) action()          {}
func (Stopped) action()        {}
func (Replaced) action()       {}
func (Started) action()        {}
func (Synced) action()         {}
func (Expose) action()         {}
func (Verify) action()         {}
