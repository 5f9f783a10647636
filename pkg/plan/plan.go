// Package plan makes an operation as data: ordered steps, each with what it is to achieve, and the manifests of each from
// package templates. It does nothing; package apply carries a plan out.
package plan

import (
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Class says how a step may be repeated.
type Class string

// The classes of steps.
const (
	// Converge can be repeated at any time.
	Converge Class = "converge"
	// Once makes something that must not be made twice. Its Check decides from facts whether it has been.
	Once Class = "once"
	// Destructive takes something away that cannot be had again, and needs a flag of its own.
	Destructive Class = "destructive"
)

// Plan is one operation on one cluster.
type Plan struct {
	Operation string `json:"operation"`
	Cluster   Ref    `json:"cluster"`
	Steps     []Step `json:"steps"`
}

// Ref names a cluster.
type Ref struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

// Step is one thing to achieve. Its action says what; how it is checked and done is the business of package apply.
type Step struct {
	// ID is stable: the journal and scripts know a step by it.
	ID     string `json:"id"`
	Title  string `json:"title"`
	Class  Class  `json:"class"`
	Action Action `json:"-"`
}

// Action is what a step is to achieve: one of the types of this package that have this method.
type Action interface{ action() }

// Look is an action that changes nothing: it finds out whether what comes later can be. The next step may be looked at at the
// same time.
type Look interface {
	Action
	looks()
}

// Object is a typed manifest.
type Object interface {
	metav1.Object
	runtime.Object
}

// Apply makes objects, all at once, be as given.
type Apply struct {
	Objects []Object
	// Spread, if not nil, is for the mirrors' StatefulSet among them when it is first made.
	Spread *Spread
}

// Keys makes the Secret with the cluster's ssh keys, unless it is there. The keys are made when they are needed and are in
// no plan.
type Keys struct {
	Secret Object
	// Files are put beside the keys as they are: ssh's configuration.
	Files map[string]string
}

// Running waits until the pods' containers run.
type Running struct {
	Pods []string
	// Standby: that of the two coordinators' pods which is not to act is waited for a while only.
	Standby []string
}

// Ready waits until the pods are ready, which means that their database instances run.
type Ready struct{ Pods []string }

// Initialise runs gpinitsystem in the coordinator's pod, unless the catalogue says that it has been done.
type Initialise struct {
	Topology topology.Topology
	Utility  segments.Utility
	// HBA is the block of the primaries' and mirrors' pg_hba.conf that gpk owns.
	HBA string
}

// Standby makes the standby coordinator, unless the catalogue has one that is in sync.
type Standby struct{ Instance topology.Instance }

// Expose points the client Service at the acting coordinator's pod, and lets the pods know that it is the one.
type Expose struct {
	Service string
	// Hosts are the hosts of all pods.
	Hosts []string
}

// Synced waits until every instance is up and every pair in sync.
type Synced struct{}

// Verify writes and reads a distributed row through the client Service.
type Verify struct {
	// From is the pod that plays the client.
	From string
	Host string
}

// Stopped stops the database in a mode of gpstop, if it runs: smart, fast or immediate.
type Stopped struct {
	Mode string
	// Keep has the pods keep their instances down when they restart, and none of these instances may run afterwards.
	Keep []topology.Instance
	// Replacing, if set, are the stateful sets for whose sake it is stopped: where none of their pods has to be replaced there
	// is no need to.
	Replacing []*appsv1.StatefulSet
	// Again: it is started again right afterwards, and not stopped where a pod that this takes can be seen not to come.
	Again bool
}

// Started starts the database and lets the pods bring their instances back from then on.
type Started struct {
	// Hosts are the hosts of all pods, and Coordinators those of the two coordinators'.
	Hosts, Coordinators []string
	// AnyPrimary is for a coordinator that answers while segments do not, which a later step sees to. It starts no database
	// that somebody has stopped.
	AnyPrimary bool
}

// Present makes objects that are missing, and leaves those that are there as they are.
type Present struct{ Objects []Object }

// Remove deletes the objects of the cluster of these kinds, and waits until they are gone.
type Remove struct{ Kinds []string }

func (Apply) action()      {}
func (Keys) action()       {}
func (Running) action()    {}
func (Ready) action()      {}
func (Initialise) action() {}
func (Standby) action()    {}
func (Expose) action()     {}
func (Synced) action()     {}
func (Verify) action()     {}
func (Stopped) action()    {}
func (Started) action()    {}
func (Present) action()    {}
func (Remove) action()     {}

// Objects are the manifests of all steps, in order.
func (p Plan) Objects() []Object {
	var objects []Object
	for _, step := range p.Steps {
		if apply, ok := step.Action.(Apply); ok {
			objects = append(objects, apply.Objects...)
		}
	}
	return objects
}
