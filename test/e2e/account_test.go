//go:build e2e

package e2e

import (
	"path/filepath"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"gpk/test/kube"
)

// user is the account that gpk works as.
const user = "gpk-user"

// rights are those of the Role in docs/rights.md, which says that gpk needs no others: all in one namespace, so that what it
// made outside of it would be refused.
func (c *cluster) rights() []rbacv1.PolicyRule {
	c.t.Helper()
	rules, err := kube.RulesIn("../../docs/rights.md")
	c.must(rules, err)
	return rules
}

// account makes an account with rights, and returns the path of its kubeconfig.
func (c *cluster) account(name string, rules []rbacv1.PolicyRule) string {
	c.t.Helper()
	path := filepath.Join(c.home, "kubeconfig-"+name)
	c.must(nil, c.inKube().Account(c.ctx, name, rules, time.Hour, path))
	return path
}
