package topology

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/utils/ptr"
)

// The least that an instance is started with. Less is most often a quantity without its unit.
const (
	minMemory  = "128Mi"
	minStorage = "100Mi"
)

// pods validates the pods of a role. instances is how many run in each pod.
func (v *validator) pods(p Pods, instances int32, path *field.Path) {
	oneOf(v, path.Child("antiAffinity"), p.AntiAffinity, antiAffinities...)
	v.refuseAll(path.Child("topologyKey"), p.TopologyKey, validation.IsQualifiedName(p.TopologyKey))
	for _, key := range sortedKeys(p.NodeSelector) {
		at := path.Child("nodeSelector").Key(key)
		v.refuseAll(at, key, validation.IsQualifiedName(key))
		v.refuseAll(at, p.NodeSelector[key], validation.IsValidLabelValue(p.NodeSelector[key]))
	}
	for i, toleration := range p.Tolerations {
		v.toleration(toleration, path.Child("tolerations").Index(i))
	}
	v.objectName(path.Child("priorityClassName"), p.PriorityClassName)
	v.objectName(path.Child("schedulerName"), p.SchedulerName)
	v.resources(p.Resources, max(instances, 1), path.Child("resources"))
	v.storage(p.Storage, max(instances, 1), path.Child("storage"))
}

func (v *validator) toleration(t corev1.Toleration, path *field.Path) {
	if t.Key != "" {
		v.refuseAll(path.Child("key"), t.Key, validation.IsQualifiedName(t.Key))
	}
	oneOf(v, path.Child("operator"), t.Operator, "", corev1.TolerationOpEqual, corev1.TolerationOpExists,
		corev1.TolerationOpLt, corev1.TolerationOpGt)
	oneOf(v, path.Child("effect"), t.Effect, "", corev1.TaintEffectNoSchedule, corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute)
	switch {
	case t.Operator == corev1.TolerationOpExists && t.Value != "":
		v.refuse(path.Child("value"), t.Value, "operator Exists takes no value")
	case t.Operator != corev1.TolerationOpExists && t.Key == "":
		v.fault(path.Child("key"), "missing: give the taint's key, or operator Exists to tolerate every taint")
	}
	if t.TolerationSeconds != nil && t.Effect != corev1.TaintEffectNoExecute {
		v.refuse(path.Child("tolerationSeconds"), *t.TolerationSeconds, "only effect NoExecute takes it")
	}
}

func (v *validator) resources(r Resources, instances int32, path *field.Path) {
	for _, name := range sortedKeys(r.Requests) {
		at, request := path.Child("requests").Key(string(name)), r.Requests[name]
		v.quantity(name, request, instances, at)
		switch limit, limited := r.Limits[name]; {
		case !divisible(name) && !limited:
			v.refuse(at, request.String(), "give it under limits: Kubernetes sets as much of it aside as the limit is")
		case !divisible(name) && request.Cmp(limit) != 0:
			v.refuse(at, request.String(), "give just the limit, %s, or leave it out here: Kubernetes lends nothing of it", limit.String())
		case limited && request.Cmp(limit) > 0:
			v.refuse(at, request.String(), "give at most the limit, %s", limit.String())
		}
	}
	for _, name := range sortedKeys(r.Limits) {
		v.quantity(name, r.Limits[name], instances, path.Child("limits").Key(string(name)))
	}
}

// pages begins the names of huge pages of each size.
const pages = corev1.ResourceHugePagesPrefix

// plainResources are all resources of a container whose names have no domain, but for huge pages.
var plainResources = []string{string(corev1.ResourceCPU), string(corev1.ResourceMemory), string(corev1.ResourceEphemeralStorage)}

// divisible reports whether a pod may ask for less of a resource than it may use.
func divisible(name corev1.ResourceName) bool { return slices.Contains(plainResources, string(name)) }

func (v *validator) quantity(name corev1.ResourceName, quantity resource.Quantity, instances int32, path *field.Path) {
	before := len(v.faults)
	v.refuseAll(path, string(name), validation.IsQualifiedName(string(name)))
	if quantity.Sign() <= 0 {
		v.refuse(path, quantity.String(), "give more than 0")
	}
	domain := strings.Contains(string(name), "/")
	switch {
	case len(v.faults) > before:
	case name == corev1.ResourceMemory:
		v.atLeast(quantity, minMemory, instances, path)
	case domain && quantity.MilliValue()%1000 != 0:
		v.refuse(path, quantity.String(), "give a whole number: Kubernetes counts it in pieces")
	case !domain && !divisible(name) && !strings.HasPrefix(string(name), pages):
		v.unknownResource(path, string(name))
	}
}

// unknownResource refuses a name that Kubernetes would take for no limit at all.
func (v *validator) unknownResource(path *field.Path, name string) {
	meant := ""
	if near := Nearest(name, plainResources); near != "" {
		meant = "did you mean " + near + "? "
	}
	v.fault(path, "unknown resource: %sGive %s, %sSIZE or one with its domain, such as example.com/gpu", meant,
		strings.Join(plainResources, ", "), pages)
}

func (v *validator) storage(s Storage, instances int32, path *field.Path) {
	if s.Size != nil {
		v.atLeast(*s.Size, minStorage, instances, path.Child("size"))
	}
	// An empty class is Kubernetes' way to ask for volumes made by hand.
	v.objectName(path.Child("className"), ptr.Deref(s.ClassName, ""))
}

// atLeast refuses less than the least for each instance of a pod.
func (v *validator) atLeast(quantity resource.Quantity, least string, instances int32, path *field.Path) {
	wanted := resource.MustParse(least)
	wanted.Mul(int64(instances))
	if quantity.Cmp(wanted) < 0 {
		v.refuse(path, quantity.String(), "give at least %s, which is %s for each instance of a pod", wanted.String(), least)
	}
}

func sortedKeys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
