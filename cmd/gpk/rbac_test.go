package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"gpk/pkg/apply/rights"
)

// kubectl can apply what is printed, in both forms.
func TestRBAC(t *testing.T) {
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	file := written(t, clusterOf(t, "7.1.0", "x/greenplum"))
	r := typed(t, "", "rbac", "-f", file, "--account", "ci/deployer", "-o", "yaml")
	r.wants(t, 0)
	documents := strings.Split(r.out, "---\n")
	if len(documents) != 2*len(rights.Duties) {
		t.Fatalf("%d documents:\n%s", len(documents), r.out)
	}
	for i, duty := range rights.Duties {
		var role rbacv1.Role
		var binding rbacv1.RoleBinding
		if err := yaml.UnmarshalStrict([]byte(documents[2*i]), &role); err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict([]byte(documents[2*i+1]), &binding); err != nil {
			t.Fatal(err)
		}
		if want := "demo-gpk-" + duty.Name; role.Name != want || role.Kind != "Role" || len(role.Rules) == 0 || binding.RoleRef.Name != want ||
			binding.Subjects[0].Namespace != "ci" {
			t.Errorf("%+v, %+v", role, binding)
		}
	}
	var list struct{ Items []rbacv1.Role }
	r = typed(t, "", "rbac", "-f", file, "--for", "stop", "--for", "config set", "-o", "json")
	if err := json.Unmarshal([]byte(r.out), &list); err != nil || len(list.Items) != 1 || list.Items[0].Name != "demo-gpk-stop-config-set" {
		t.Errorf("%v: %s", err, r.out)
	}
	typed(t, "", "rbac", "-f", file, "--for", "bake").wants(t, 2, `--for "bake"`, "stop --scale-to-zero")
	typed(t, "", "rbac", "-f", file, "--for", "expand", "--segments", "-1").wants(t, 2, "--segments -1")
	typed(t, "", "plan", "-f", file, "-o", "yaml").wants(t, 2, "json is the only other format")
}

// Every command is in the table of rights, or asks nobody.
func TestRightsOfAllCommands(t *testing.T) {
	known := append(rights.Names(), "init", "schema", "plan", "version", "help")
	root, _ := newRoot(streams{})
	var walk func(parent *cobra.Command)
	walk = func(parent *cobra.Command) {
		for _, command := range parent.Commands() {
			name := strings.TrimPrefix(command.CommandPath(), "gpk ")
			// The scripts of completion are for one shell each.
			if command.HasSubCommands() && name != "completion" {
				walk(command)
			} else if !slices.Contains(known, name) {
				t.Errorf("nothing knows the rights of gpk %s", name)
			}
		}
	}
	walk(root)
}
