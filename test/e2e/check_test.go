//go:build e2e

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"gpk/pkg/plan"
)

// unlooked is a kubeconfig of the test's user without the right to make pods: gpk cannot look into an image before it makes a cluster.
func (c *cluster) unlooked() string {
	c.t.Helper()
	rules := c.rights()
	for i := range rules {
		if slices.Contains(rules[i].Resources, "pods") {
			rules[i].Verbs = slices.DeleteFunc(slices.Clone(rules[i].Verbs), func(verb string) bool { return verb == "create" })
		}
	}
	return c.account("unlooked", rules)
}

// prints wants words on the standard output.
func (r result) prints(t *testing.T, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(r.stdout, word) {
			t.Errorf("%q is not in what it printed:\n%s", word, r.stdout)
		}
	}
}

// TestCheck checks a good file, and one with several faults. All faults are told at once, and nothing is left of either check.
func TestCheck(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	c.kubeconfig = shared.kubeconfig
	empty := c.objects()

	c.gpk("check", "-f", c.file).want(t, 0).prints(t, "nothing is in the way of create")
	c.wantSame(empty)

	bad := c.changed("bad.yaml", "version: ", "version: \"7.9.9\" # ", "storage: {size: 1Gi}\n  segments", "storage: {size: 1Gi, className: nowhere}\n  segments",
		"memory: 256Mi", "memory: 900Gi", "  database:\n", "  database:\n    passwordSecret: missing\n    locale: xx_YY.UTF-8\n")
	faults := []string{"Secret missing with the roles' passwords does not exist; next: ", `the storage class "nowhere" is missing`, "900Gi",
		"has the release", "lacks the locale xx_YY.UTF-8"}
	c.gpk("check", "-f", bad).want(t, 2).prints(t, append(faults, "nothing was changed")...)
	c.wantSame(empty)
	c.wantLooks(c.gpk("check", "-f", bad, "-o", "json").want(t, 2))

	// create tells the same, and makes nothing but its lock.
	c.gpk("create", "-f", bad).want(t, 1).says(t, append(faults, "nothing of demo was made")...)
	if made := added(empty, c.objects()); slices.ContainsFunc(made, func(o string) bool { return o != "Lease/demo-gpk" }) {
		t.Errorf("create has made %q", made)
	}
}

// wantLooks has the JSON of a check with the states of its looks.
func (c *cluster) wantLooks(r result) {
	c.t.Helper()
	var looks []struct{ Step, State, Next string }
	c.must(nil, json.Unmarshal([]byte(r.stdout), &looks))
	states := map[string]string{}
	for _, look := range looks {
		states[look.Step] = look.State
		if look.State == "blocked" && look.Next == "" {
			c.t.Errorf("%s does not say what to do", look.Step)
		}
	}
	for step, want := range map[string]string{"rights": "done", "kubernetes": "done", "inspected": "blocked", "secret": "blocked",
		"capacity": "blocked", "admissible": "done"} {
		if states[step] != want {
			c.t.Errorf("%s is %q, want %q", step, states[step], want)
		}
	}
}

// TestCheckWithoutShell has an image without a shell: that of the pause container, which every bench has.
func TestCheckWithoutShell(t *testing.T) {
	t.Parallel()
	if shared.bench == "" {
		t.Skip("only the bench's images are known")
	}
	c := newCluster(t, small())
	empty := c.objects()
	c.gpk("check", "-f", c.file, "--image", "gpk.local/pause:1").want(t, 2).prints(t, "the image gpk.local/pause:1 has no /bin/bash")
	c.gpk("create", "-f", c.file, "--image", "gpk.local/pause:1").want(t, 1).says(t, "the image gpk.local/pause:1 has no /bin/bash")
	if made := added(empty, c.objects()); slices.ContainsFunc(made, func(o string) bool { return o != "Lease/demo-gpk" }) {
		t.Errorf("create has made %q", made)
	}
}

// TestCheckLeftBehind leaves a pod behind that looks into an image, as a gpk does that is killed. delete removes it, and so does a check.
func TestCheckLeftBehind(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	left := func() {
		t.Helper()
		inspector := sleeper(plan.InspectorName(name))
		inspector.Labels = plan.InspectorLabels(name)
		c.run(inspector)
	}
	left()
	c.gpk("check", "-f", c.file).want(t, 0)
	c.wantSame(empty)
	left()
	c.gpk("delete", "--cluster", name).want(t, 0)
	if still := added(empty, c.objects()); slices.Contains(still, "Pod/"+plan.InspectorName(name)) {
		t.Errorf("delete has left %q", still)
	}
}
