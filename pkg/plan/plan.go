// Package plan makes an operation as data: ordered steps, each with what it is to achieve, and the manifests of each from
// package templates. It does nothing: package apply carries a plan out.
//
// Each operation has a file, which lists its steps. The steps select from the parts of the cluster (parts.go).
package plan

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"gpk/pkg/topology"
)

// Class says how a step may be repeated.
type Class string

// The classes of steps.
const (
	// Converge can be repeated at any time.
	Converge Class = "converge"
	// Once makes something that must not be made twice. Its Check finds out from facts whether it exists.
	Once Class = "once"
	// Destructive deletes something for ever, and needs a flag of its own.
	Destructive Class = "destructive"
)

// Operations that no other operation keeps waiting.
const (
	DeleteOperation = "delete"
	StopOperation   = "stop"
)

// Operations that may be unfinished, and then keep others from coming between.
const (
	ConvertOperation  = "convert"
	ExpandOperation   = "expand"
	FailoverOperation = "failover"
	ResizeOperation   = "resize"
	UpgradeOperation  = "upgrade"
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

func ref(c *topology.Cluster) Ref { return Ref{c.Metadata.Namespace, c.Metadata.Name} }

// Step is one thing to achieve. Its action says what. Package apply knows how to check and to do it.
type Step struct {
	// ID never changes: the journal and scripts know a step by it.
	ID     string `json:"id"`
	Title  string `json:"title"`
	Class  Class  `json:"class"`
	Action Action `json:"-"`
}

// Action is what a step is to achieve: one of the types of this package that have this method.
type Action interface{ action() }

// Look is an action that only finds out whether later steps can succeed. gpk may look at the next step at the same time.
type Look interface {
	Action
	looks()
}

// Object is a typed manifest.
type Object interface {
	metav1.Object
	runtime.Object
}

// newPlan is the plan of some lists of steps, one after the other. It leaves out the steps without an action.
func newPlan(operation string, cluster Ref, steps ...[]Step) Plan {
	return Plan{operation, cluster, slices.DeleteFunc(slices.Concat(steps...), func(s Step) bool { return s.Action == nil })}
}

// when is the action of a step that only some plans have.
func when(wanted bool, action Action) Action {
	if !wanted {
		return nil
	}
	return action
}

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

// Without is the plan without a step, for users who know better.
func (p Plan) Without(id string) Plan {
	p.Steps = slices.DeleteFunc(slices.Clone(p.Steps), func(s Step) bool { return s.ID == id })
	return p
}

func (p Plan) withActions(other func(Action) Action) Plan {
	p.Steps = each(p.Steps, func(s Step) Step { s.Action = other(s.Action); return s })
	return p
}

// each are the values that a function makes of others, in their order.
func each[T, U any](values []T, of func(T) U) []U {
	made := slices.Grow([]U(nil), len(values))
	for _, value := range values {
		made = append(made, of(value))
	}
	return made
}
