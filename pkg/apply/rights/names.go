package rights

import (
	"slices"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
)

// names are those of a cluster's objects, by resource and set. A set without a name has no object.
type names struct {
	all map[string][]string
	of  map[Set][]string
}

// resourceOf is the resource of objects that plans make.
var resourceOf = map[string]string{
	"ConfigMap":             "configmaps",
	"NetworkPolicy":         policyResource,
	"PersistentVolumeClaim": "persistentvolumeclaims",
	"PodDisruptionBudget":   "poddisruptionbudgets.policy",
	"Service":               "services",
	"ServiceAccount":        "serviceaccounts",
	"StatefulSet":           "statefulsets.apps",
}

func namesOf(c *topology.Cluster) (names, error) {
	p, err := plan.Create(c)
	if err != nil {
		return names{}, err
	}
	name := c.Metadata.Name
	n := names{all: map[string][]string{}, of: map[Set][]string{}}
	for _, object := range p.Objects() {
		resource := resourceOf[object.GetObjectKind().GroupVersionKind().Kind]
		n.all[resource] = append(n.all[resource], object.GetName())
	}
	for _, step := range p.Steps {
		switch action := step.Action.(type) {
		case plan.Keys:
			n.of[Keys] = []string{action.Secret.GetName()}
		case plan.SelfSigned:
			n.of[SelfSigned] = []string{action.Secret.GetName()}
		case plan.GivenCertificate:
			n.of[Certificate] = []string{action.Secret}
		}
	}
	n.of[Scripts] = n.all["configmaps"]
	n.of[Kept] = []string{record.RecordName(name), plan.StateName(name)}
	n.of[Clients] = []string{c.ClientService()}
	n.of[Inspector] = []string{plan.InspectorName(name)}
	if secret := c.Spec.Database.PasswordSecret; secret != "" {
		n.of[Passwords] = []string{secret}
	}
	if s3 := c.S3(); s3 != nil {
		n.of[Bucket] = slices.DeleteFunc([]string{s3.Secret, s3.CASecret}, func(name string) bool { return name == "" })
	}
	n.all["configmaps"] = slices.Concat(n.of[Kept], n.of[Scripts])
	n.all["leases.coordination.k8s.io"] = []string{record.RecordName(name)}
	if !c.HasNetworkPolicy() {
		// Those that the cluster had before.
		n.all[policyResource] = []string{name, name + "-clients"}
	}
	t := topology.New(c)
	pods := t.Pods()
	n.of[Coordinators] = pods[:t.Groups[0].Replicas]
	for _, resource := range []string{"pods", "pods/exec", "pods/log"} {
		n.all[resource] = pods
	}
	return n, nil
}

// named are the names of the objects that a verb of a right is about. every: no Role can name them.
func (n names) named(right Right, verb string, grows bool) (named []string, every bool) {
	switch {
	case verb == "list" || verb == "watch" || right.Of == Images:
		return nil, true
	case verb == "create" && slices.Contains(posted, right.Resource):
		return nil, true
	case grows && slices.Contains(numbered, right.Resource):
		return nil, true
	case right.Of != "":
		return n.of[right.Of], false
	}
	return n.all[right.Resource], false
}

// posted are the resources whose objects gpk creates by POST. Such a request does not carry the name in its address, where the API server
// looks for it. All others gpk creates by server-side apply, whose address has the name.
var posted = []string{"pods", "leases.coordination.k8s.io"}

// numbered are the resources of which a cluster has the more objects the more segments it has.
var numbered = []string{"pods", "pods/exec", "pods/log", "persistentvolumeclaims", "poddisruptionbudgets.policy"}
