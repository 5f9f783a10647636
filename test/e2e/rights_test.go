//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"gpk/pkg/apply/rights"
	"gpk/test/apitest"
)

// allowed is a command that runs with the Role that gpk rbac prints for it, and no other right.
type allowed struct {
	// role is what gpk rbac is asked for, with further flags. Empty: the first word of the command.
	role   []string
	args   []string
	status int
	// before is a script in a pod that makes work for the command.
	before, pod, arg string
	// canaries are secrets that must be nowhere before the command.
	canaries *canaries
}

// TestRights runs every command under its own Role, and looks for secrets where none may be. The Role has enough if the command succeeds.
// It has no more than that if some run of the command uses each of its rights, but for those that are needed in rare cases.
func TestRights(t *testing.T) {
	t.Parallel()
	c := newCluster(t, shape{primaries: 1, mirrors: true, standby: true})
	c.file = c.changed("rights.yaml", "storage: {size: 1Gi}", "storage: {size: 1Gi, className: "+c.expandable()+"}",
		"  database:\n", "  database:\n    passwordSecret: passwords\n")
	canaries := c.canaries("passwords", "visitor")
	used := uses{}
	larger := c.changed("larger.yaml", "size: 1Gi", "size: 2Gi", "memory: 256Mi", "memory: 300Mi", "count: 1", "count: 2")
	for i, a := range []allowed{
		{args: []string{"check", "-f", c.file}, status: 2},
		{role: []string{"create --dry-run"}, args: []string{"create", "-f", c.file, "--dry-run"}, status: 3},
		{args: []string{"create", "-f", c.file}},
		{args: []string{"check", "-f", c.file}, status: 2},
		{role: []string{"create --dry-run"}, args: []string{"create", "-f", c.file, "--dry-run"}},
		{args: []string{"diff", "-f", c.file}},
		{args: []string{"rbac"}},
		{args: []string{"status"}},
		{args: []string{"psql", "--", "-c", "select 1"}},
		{args: []string{"logs"}},
		{role: []string{"completion"}, args: []string{"__complete", "logs", ""}},
		{role: []string{"config show"}, args: []string{"config", "show", "work_mem"}},
		{role: []string{"config set"}, args: []string{"config", "set", "work_mem=48MB"}},
		{role: []string{"config set"}, args: []string{"config", "set", "work_mem=DEFAULT", "--restart"}},
		{args: []string{"stop"}},
		{args: []string{"start"}},
		{args: []string{"restart"}},
		{role: []string{"stop --scale-to-zero"}, args: []string{"stop", "--scale-to-zero"}},
		{args: []string{"start"}},
		{role: []string{"expand", "--segments", "2"}, args: []string{"expand", "--segments", "2"}},
		{args: []string{"failover", "--force"}},
		{args: []string{"recover"}, before: killInstance, pod: "demo-mirror-0", arg: "/greenplum/mirror/gpseg0"},
		{args: []string{"upgrade", "--version", next()}},
		{args: []string{"upgrade", "--rollback"}},
		{args: []string{"resize", "-f", larger}},
		{args: []string{"delete"}, canaries: canaries},
		{args: []string{"create", "-f", larger}},
		{role: []string{"delete --delete-data"}, args: []string{"delete", "--delete-data", "--confirm", name}},
	} {
		c.runsAllowed(i, a, used)
	}
	used.wantAll(t)
}

// uses say of each command and each of its rights whether a run has used it.
type uses map[string]map[apitest.Right]bool

func (u uses) wantAll(t *testing.T) {
	t.Helper()
	for command, ofCommand := range u {
		for right, used := range ofCommand {
			if !used && !rights.IsRare(command, right.Verb, right.Resource) {
				t.Errorf("gpk %s does not use its right to %s %s", command, right.Verb, right.Resource)
			}
		}
	}
}

func (c *cluster) runsAllowed(i int, a allowed, used uses) {
	c.t.Helper()
	if a.role == nil {
		a.role = a.args[:1]
	}
	if a.before != "" {
		c.in(a.pod, a.before, a.arg)
	}
	if a.canaries != nil {
		c.wantNone(a.canaries)
	}
	ask := append([]string{"rbac", "-o", "json", "--for"}, a.role...)
	if at := slices.Index(a.args, "-f"); at >= 0 {
		ask = append(ask, "-f", a.args[at+1])
	}
	var list struct{ Items []rbacv1.Role }
	c.must(nil, json.Unmarshal([]byte(c.gpk(ask...).want(c.t, 0).stdout), &list))
	rules := list.Items[0].Rules

	// The proxy is for this one account.
	usual := c.kubeconfig
	c.kubeconfig = c.account(fmt.Sprintf("allowed-%d", i), rules)
	p, kubeconfig := c.proxied(nil, nil)
	c.kubeconfig = usual
	r := c.startAs(kubeconfig, append([]string{"-n", c.namespace, "-v"}, a.args...)...).wait()
	if r.status != a.status {
		c.t.Errorf("gpk %s under its Role: exit status %d instead of %d:\n%s%s", strings.Join(a.args, " "), r.status, a.status,
			r.stdout, r.stderr)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if used[a.role[0]] == nil {
		used[a.role[0]] = map[apitest.Right]bool{}
	}
	for _, rule := range rules {
		resource := strings.TrimSuffix(rule.Resources[0]+"."+rule.APIGroups[0], ".")
		for _, verb := range rule.Verbs {
			right := apitest.Right{Verb: verb, Resource: resource}
			// Server-side apply needs create too if the object is missing. An exec by WebSocket is a get, which newer API servers take for
			// a create as well.
			made := verb == "create" && slices.Contains(p.rights, apitest.Right{Verb: "patch", Resource: resource}) || resource == "pods/exec"
			used[a.role[0]][right] = used[a.role[0]][right] || made || slices.Contains(p.rights, right)
		}
	}
}

// TestOutdatedRole has a Role that does not name the acting coordinator's pod, as one that was made for another file. gpk must not take that
// coordinator for a dead one.
func TestOutdatedRole(t *testing.T) {
	t.Parallel()
	c := newCluster(t, shape{primaries: 1, standby: true})
	c.gpk("create", "-f", c.file).want(t, 0)
	var list struct{ Items []rbacv1.Role }
	c.must(nil, json.Unmarshal([]byte(c.gpk("rbac", "-o", "json", "--for", "failover").want(t, 0).stdout), &list))
	rules := list.Items[0].Rules
	for i := range rules {
		if slices.Contains(rules[i].Resources, "pods/exec") {
			rules[i].ResourceNames = []string{"demo-coordinator-1"}
		}
	}
	pods := c.uids()
	r := c.startAs(c.account("outdated", rules), "-n", c.namespace, "failover").wait().want(t, 1)
	r.says(t, "pods/exec", coordinator, "next: ask for the right to")
	if now := c.uids(); !maps.Equal(now, pods) {
		t.Errorf("there are the pods %v, and there were %v", now, pods)
	}
	c.wantCoordinator(coordinator)
}
