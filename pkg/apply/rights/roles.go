package rights

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/topology"
)

// Options say what else a Role has.
type Options struct {
	// Segments is the count to which the cluster may be expanded, 0 for any. Rights of expand then name what the larger cluster has.
	Segments int32
	// Optional adds the rights of the namespace without which all commands work.
	Optional bool
}

// UnknownError is a command that has no rights of its own.
type UnknownError struct{ Name string }

// Error names the command.
func (e *UnknownError) Error() string { return fmt.Sprintf("there is no Role for %q", e.Name) }

// Roles are the Roles for a cluster: one that allows all the commands, or without commands one for each of Duties. The name of a duty
// stands for its commands.
func Roles(c *topology.Cluster, asked []string, options Options) ([]rbacv1.Role, error) {
	if len(asked) > 0 {
		role, err := roleOf(c, asked, options)
		return []rbacv1.Role{role}, err
	}
	var roles []rbacv1.Role
	for _, duty := range Duties {
		role, err := roleOf(c, []string{duty.Name}, options)
		if err != nil {
			return nil, err
		}
		roles = append(roles, role)
	}
	return roles, nil
}

func roleOf(c *topology.Cluster, asked []string, options Options) (rbacv1.Role, error) {
	name := c.Metadata.Name + "-gpk"
	var wanted []string
	for _, word := range asked {
		name += "-" + notInNames.ReplaceAllString(word, "-")
		at := slices.IndexFunc(Duties, func(d Duty) bool { return d.Name == word })
		if at < 0 {
			wanted = append(wanted, word)
			continue
		}
		wanted = append(wanted, Duties[at].Commands...)
	}
	rules, err := Rules(c, wanted, options)
	return rbacv1.Role{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "Role"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.Metadata.Namespace},
		Rules:      rules,
	}, err
}

// notInNames is what a command has and the name of an object has not.
var notInNames = regexp.MustCompile(`[ -]+`) //nolint:gochecknoglobals // Go has no constant for it

// Binding gives a Role to a ServiceAccount, NAME in the Role's namespace or NAMESPACE/NAME.
func Binding(role rbacv1.Role, account string) rbacv1.RoleBinding {
	namespace, name, found := strings.Cut(account, "/")
	if !found {
		namespace, name = role.Namespace, account
	}
	return rbacv1.RoleBinding{
		TypeMeta:   metav1.TypeMeta{APIVersion: role.APIVersion, Kind: "RoleBinding"},
		ObjectMeta: metav1.ObjectMeta{Name: role.Name, Namespace: role.Namespace},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Name: name, Namespace: namespace}},
	}
}

// Rules are what commands need for a cluster, and no more: verbs on named objects, wherever RBAC can name them.
func Rules(c *topology.Cluster, asked []string, options Options) ([]rbacv1.PolicyRule, error) {
	c, err := grown(c, options.Segments)
	if err != nil {
		return nil, err
	}
	n, err := namesOf(c)
	if err != nil {
		return nil, err
	}
	policies := Without
	if c.HasNetworkPolicy() {
		policies = With
	}
	g := grants{}
	for _, name := range asked {
		command, known := find(name)
		if !known || !slices.Contains(Names(), name) {
			return nil, &UnknownError{name}
		}
		grows := command.Grows && options.Segments == 0
		needed := command.Needed(policies)
		for _, o := range optional {
			if options.Optional && (len(o.Commands) == 0 || slices.Contains(o.Commands, name)) {
				needed = append(needed, o.Rights...)
			}
		}
		for _, right := range needed {
			for _, verb := range right.Verbs {
				named, every := n.named(right, verb, grows)
				g.add(right.Resource, verb, named, every)
			}
		}
	}
	return g.rules(), nil
}

// grown is a cluster with more segments.
func grown(c *topology.Cluster, segments int32) (*topology.Cluster, error) {
	larger := *c
	if segments == 0 {
		return c, nil
	}
	if segments < c.Spec.Segments.Count {
		return nil, fmt.Errorf("the cluster has %d segments, and gpk takes none away", c.Spec.Segments.Count)
	}
	larger.Spec.Segments.Count = segments
	return &larger, larger.Validate()
}

// grants are the objects for each verb on a resource.
type grants map[string]map[string]granted

// granted are objects by name, or any that the resource has.
type granted struct {
	names []string
	every bool
}

// add grants nothing where there is no name: for RBAC a rule without names is about every object.
func (g grants) add(resource, verb string, named []string, every bool) {
	if len(named) == 0 && !every {
		return
	}
	if g[resource] == nil {
		g[resource] = map[string]granted{}
	}
	have := g[resource][verb]
	if have.every = have.every || every; have.every {
		named, have.names = nil, nil
	}
	for _, name := range named {
		if !slices.Contains(have.names, name) {
			have.names = append(have.names, name)
		}
	}
	g[resource][verb] = have
}

// rules are the grants as a Role has them, in a defined order: one rule for verbs with the same names.
func (g grants) rules() []rbacv1.PolicyRule {
	var rules []rbacv1.PolicyRule
	for _, resource := range slices.Sorted(maps.Keys(g)) {
		name, group, _ := strings.Cut(resource, ".")
		var ofResource []rbacv1.PolicyRule
		for _, verb := range verbs {
			granted, there := g[resource][verb]
			if !there {
				continue
			}
			named := granted.names
			same := slices.IndexFunc(ofResource, func(r rbacv1.PolicyRule) bool { return slices.Equal(r.ResourceNames, named) })
			if same >= 0 {
				ofResource[same].Verbs = append(ofResource[same].Verbs, verb)
				continue
			}
			ofResource = append(ofResource, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{name},
				ResourceNames: named, Verbs: []string{verb}})
		}
		rules = append(rules, ofResource...)
	}
	slices.SortStableFunc(rules, func(a, b rbacv1.PolicyRule) int { return cmp.Compare(a.APIGroups[0], b.APIGroups[0]) })
	return rules
}
