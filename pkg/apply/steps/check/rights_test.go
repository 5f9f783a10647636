package check

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/rights"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

func TestRights(t *testing.T) {
	c := apitest.Cluster(t)
	role, err := rights.Rules(c, []string{"create"}, rights.Options{})
	if err != nil {
		t.Fatal(err)
	}
	without := func(resource string, verbs ...string) []rbacv1.PolicyRule {
		var rules []rbacv1.PolicyRule
		for _, rule := range role {
			if rule.Resources[0] == resource {
				rule.Verbs = slices.DeleteFunc(slices.Clone(rule.Verbs), func(v string) bool { return slices.Contains(verbs, v) })
			}
			rules = append(rules, rule)
		}
		return rules
	}
	for name, test := range map[string]struct {
		rights []rbacv1.PolicyRule
		state  engine.State
		detail string
	}{
		"those of the Role":  {role, engine.Done, ""},
		"all":                {apitest.All(), engine.Done, ""},
		"none":               {[]rbacv1.PolicyRule{}, engine.Blocked, "you may not create, patch secrets demo-ssh in the namespace analytics"},
		"no exec":            {without("pods/exec", "create"), engine.Blocked, "you may not create pods/exec demo-coordinator-0, demo-coordinator-1, "},
		"no lease":           {without("leases", "update"), engine.Blocked, "you may not update leases.coordination.k8s.io demo-gpk in the namespace analytics"},
		"a rare one":         {without("pods", "delete"), engine.Done, "you may not delete pods in the namespace analytics; create needs that only in rare cases"},
		"nobody says":        {nil, engine.Done, "gpk did not check your rights: "},
		"of another cluster": {without("statefulsets", "get"), engine.Blocked, "you may not get statefulsets.apps demo-coordinator, demo-primary, demo-mirror"},
	} {
		a := apitest.New()
		a.Rights = test.rights
		h := &allowedHandler{kube: roomtest.New(t, apitest.ConfigOf(a)).Kube, action: plan.Allowed{Command: "create", Cluster: c}}
		finding, err := h.Check(t.Context())
		found := test.detail == "" && len(finding.Details) == 0 ||
			slices.ContainsFunc(finding.Details, func(d string) bool { return strings.HasPrefix(d, test.detail) && test.detail != "" })
		if err != nil || finding.State != test.state || !found {
			t.Errorf("%s: %s %q, error %v, want %s %q", name, finding.State, finding.Details, err, test.state, test.detail)
		}
	}
}

func TestKubernetes(t *testing.T) {
	for release, noted := range map[string]bool{
		"v1.34.1": false, "v1.27.0": false, "v1.26.15+k3s1": true, "v1.30.4-gke.1": false, "": true, "something": true,
	} {
		a := apitest.New()
		a.Release = release
		h := &kubernetesHandler{kube: roomtest.New(t, apitest.ConfigOf(a)).Kube}
		finding, err := h.Check(t.Context())
		if err != nil || finding.State != engine.Done || len(finding.Details) > 0 != noted {
			t.Errorf("%q: %+v, error %v", release, finding, err)
		}
	}
}
