package rights

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/golden"
)

// The Roles of a cluster, as a whole.
func TestRoles(t *testing.T) {
	roles, err := Roles(whole(t), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, role := range roles {
		document, err := yaml.Marshal(role)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&text, "---\n%s", document)
	}
	golden.Compare(t, "testdata/roles.yaml", text.String())
}

// What no rule can name is what the API server cannot know by name; every other rule names its objects.
func TestRulesNameObjects(t *testing.T) {
	for _, c := range []*topology.Cluster{whole(t), bare(t)} {
		for _, name := range Names() {
			roles, err := Roles(c, []string{name}, Options{Segments: 8, Optional: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, rule := range roles[0].Rules {
				resource := resourceIn(rule)
				for _, verb := range rule.Verbs {
					image := resource == "pods" && verb == "delete" && slices.Contains([]string{"upgrade", "operate"}, name)
					unnamed := verb == "list" || verb == "watch" || verb == "create" && slices.Contains(posted, resource) || image
					if (len(rule.ResourceNames) == 0) != unnamed {
						t.Errorf("%s: %s on %s names %q", name, verb, resource, rule.ResourceNames)
					}
				}
			}
		}
	}
}

// whole is a cluster as a file has it.
func whole(t *testing.T) *topology.Cluster {
	t.Helper()
	c := apitest.Cluster(t)
	c.APIVersion, c.Kind = topology.APIVersion, topology.Kind
	return c
}

// bare is a cluster without what a file can leave out.
func bare(t *testing.T) *topology.Cluster {
	t.Helper()
	c := whole(t)
	c.Spec.Segments.Mirrors, c.Spec.Coordinator.Standby, c.Spec.Network.SegmentsOpenToAllPods = new(false), new(false), true
	c.Spec.Database.PasswordSecret = ""
	return c
}

func resourceIn(rule rbacv1.PolicyRule) string {
	return strings.TrimSuffix(rule.Resources[0]+"."+rule.APIGroups[0], ".")
}

// An expansion makes pods and volumes whose names depend on its size. Without the size no rule for them has names.
func TestExpandWithoutSize(t *testing.T) {
	for segments, want := range map[int32][]string{0: nil, 2: {"demo-coordinator-0", "demo-coordinator-1", "demo-primary-0", "demo-primary-1",
		"demo-mirror-0", "demo-mirror-1"}} {
		rules, err := Rules(whole(t), []string{"expand"}, Options{Segments: segments})
		if err != nil {
			t.Fatal(err)
		}
		at := slices.IndexFunc(rules, func(r rbacv1.PolicyRule) bool { return r.Resources[0] == "pods/exec" })
		if !slices.Equal(rules[at].ResourceNames, want) {
			t.Errorf("%d segments: %q, want %q", segments, rules[at].ResourceNames, want)
		}
	}
	c := whole(t)
	c.Spec.Segments.Count = 4
	if _, err := Rules(c, []string{"expand"}, Options{Segments: 2}); err == nil {
		t.Error("fewer segments than there are")
	}
}

func TestUnknownCommand(t *testing.T) {
	for _, name := range []string{"bake", "init", "create --create-namespace", ""} {
		_, err := Roles(whole(t), []string{name}, Options{})
		if unknown, ok := errors.AsType[*UnknownError](err); !ok || unknown.Name != name {
			t.Errorf("%q: %v", name, err)
		}
	}
}

// Every duty has commands that there are, and every case of a rare or an optional right is about a right of the command, or one that is not
// among its own.
func TestTableIsConsistent(t *testing.T) {
	known := Names()
	named := func(where string, commands []string) {
		for _, name := range commands {
			if !slices.Contains(known, name) {
				t.Errorf("%s: there is no command %q", where, name)
			}
		}
	}
	for _, d := range Duties {
		named(d.Name, d.Commands)
	}
	for _, o := range optional {
		named(o.What, o.Commands)
	}
	for _, r := range rare {
		named(r.Case, r.Commands)
		for _, name := range r.Commands {
			for _, right := range r.Rights {
				for _, verb := range right.Verbs {
					if !needs(t, name, verb, right.Resource) {
						t.Errorf("%s needs no %s on %s", name, verb, right.Resource)
					}
				}
			}
		}
	}
	for _, c := range commands {
		if _, ok := find(c.As); c.As != "" && !ok {
			t.Errorf("%s is as %s, which is not there", c.Name, c.As)
		}
	}
}

func needs(t *testing.T, command, verb, resource string) bool {
	t.Helper()
	c, ok := find(command)
	return ok && slices.ContainsFunc(c.Needed(With), func(r Right) bool { return r.Resource == resource && slices.Contains(r.Verbs, verb) })
}

// The Role at the end of docs/rights.md has every right of the table, and list on events.
func TestRoleOfPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "\n```yaml\n")
	block, _, _ = strings.Cut(block, "\n```\n")
	var role rbacv1.Role
	if err := yaml.UnmarshalStrict([]byte(block), &role); err != nil {
		t.Fatal(err)
	}
	given := map[string]bool{}
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				given[verb+" "+strings.TrimSuffix(resource+"."+rule.APIGroups[0], ".")] = true
			}
		}
	}
	wanted := map[string]bool{"list events": true}
	for _, c := range commands {
		for _, policies := range []Policies{With, Without} {
			for _, right := range c.Needed(policies) {
				for _, verb := range right.Verbs {
					wanted[verb+" "+right.Resource] = !c.Outside || wanted[verb+" "+right.Resource]
				}
			}
		}
	}
	delete(wanted, "create namespaces")
	for right := range wanted {
		if !given[right] {
			t.Errorf("the Role lacks %s", right)
		}
	}
	for right := range given {
		if !wanted[right] {
			t.Errorf("no command needs %s", right)
		}
	}
}

// A binding leads to an account of the Role's namespace or of another one.
func TestBinding(t *testing.T) {
	roles, err := Roles(whole(t), []string{"config set", "stop --scale-to-zero"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if name := roles[0].Name; name != "demo-gpk-config-set-stop-scale-to-zero" {
		t.Errorf("the Role is called %s", name)
	}
	for account, want := range map[string]string{"deployer": "analytics/deployer", "ci/deployer": "ci/deployer"} {
		b := Binding(roles[0], account)
		if got := b.Subjects[0].Namespace + "/" + b.Subjects[0].Name; got != want || b.RoleRef.Name != roles[0].Name || b.Namespace != "analytics" {
			t.Errorf("%s: %+v", account, b)
		}
	}
}
