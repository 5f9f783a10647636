//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"

	"gpk/pkg/apply/rights"
)

// allowed is a command that runs with the Role that gpk rbac prints for it, and no other right.
type allowed struct {
	// role is what gpk rbac is asked for, with further flags. Empty: the first word of the command.
	role   []string
	args   []string
	status int
	// before is a script in a pod that makes work for the command.
	before, pod, arg string
}

// TestRights runs every command under its own Role. The Role has enough if the command succeeds. It has no more than that if the command
// uses each of its rights, but for those that are needed in rare cases.
func TestRights(t *testing.T) {
	t.Parallel()
	c := newCluster(t, shape{primaries: 1, mirrors: true, standby: true})
	c.file = c.changed("rights.yaml", "storage: {size: 1Gi}", "storage: {size: 1Gi, className: "+c.expandable()+"}")
	larger := c.changed("larger.yaml", "size: 1Gi", "size: 2Gi", "memory: 256Mi", "memory: 300Mi", "count: 1", "count: 2")
	for i, a := range []allowed{
		{role: []string{"create --dry-run"}, args: []string{"create", "-f", c.file, "--dry-run"}, status: 3},
		{args: []string{"create", "-f", c.file}},
		{args: []string{"diff", "-f", c.file}},
		{args: []string{"rbac"}},
		{args: []string{"status"}},
		{args: []string{"psql", "--", "-c", "select 1"}},
		{args: []string{"logs"}},
		{role: []string{"completion"}, args: []string{"__complete", "logs", ""}},
		{role: []string{"config show"}, args: []string{"config", "show"}},
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
		{args: []string{"upgrade", "--version", "7.2.0"}},
		{args: []string{"upgrade", "--rollback"}},
		{args: []string{"resize", "-f", larger}},
		{args: []string{"delete"}},
		{args: []string{"create", "-f", larger}},
		{role: []string{"delete --delete-data"}, args: []string{"delete", "--delete-data", "--yes"}},
	} {
		c.runsAllowed(i, a)
	}
}

func (c *cluster) runsAllowed(i int, a allowed) {
	c.t.Helper()
	if a.role == nil {
		a.role = a.args[:1]
	}
	if a.before != "" {
		c.in(a.pod, a.before, a.arg)
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
	r := c.startAs(kubeconfig, append([]string{"-n", c.namespace}, a.args...)...).wait()
	if r.status != a.status {
		c.t.Fatalf("gpk %s under its Role: exit status %d instead of %d:\n%s%s", strings.Join(a.args, " "), r.status, a.status, r.stdout, r.stderr)
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, rule := range rules {
		resource := strings.TrimSuffix(rule.Resources[0]+"."+rule.APIGroups[0], ".")
		for _, verb := range rule.Verbs {
			used := slices.ContainsFunc(p.requests, func(r apiRequest) bool { return r.verb == verb && r.resource == resource })
			// Server-side apply needs create too if the object is missing.
			made := verb == "create" && slices.ContainsFunc(p.requests, func(r apiRequest) bool { return r.verb == "patch" && r.resource == resource })
			// An exec by WebSocket is a get, which newer API servers take for a create as well.
			if !used && !made && resource != "pods/exec" && !rights.IsRare(a.role[0], verb, resource) {
				c.t.Errorf("gpk %s does not use its right to %s %s", strings.Join(a.args, " "), verb, resource)
			}
		}
	}
}

// apiRequest is what the API server checks a right for.
type apiRequest struct{ verb, resource string }

// requestOf reads it from a request to objects of a namespace: …/namespaces/NAMESPACE/RESOURCE[/NAME[/SUBRESOURCE]].
func requestOf(r *http.Request) apiRequest {
	head, path, found := strings.Cut(r.URL.Path, "/namespaces/")
	parts := strings.Split(path, "/")
	if !found || len(parts) < 2 {
		return apiRequest{}
	}
	resource := parts[1]
	if len(parts) > 3 {
		resource += "/" + parts[3]
	}
	if group, grouped := strings.CutPrefix(head, "/apis/"); grouped {
		resource += "." + strings.Split(group, "/")[0]
	}
	verb := map[string]string{http.MethodGet: "get", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch",
		http.MethodDelete: "delete"}[r.Method]
	switch {
	case r.URL.Query().Get("watch") != "":
		verb = "watch"
	case verb == "get" && len(parts) == 2:
		verb = "list"
	}
	return apiRequest{verb, resource}
}
