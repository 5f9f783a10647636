//go:build faults

package faults

import (
	"path/filepath"
	"time"

	"gpk/test/kube"
)

// account makes the account that gpk works as, with the rights of docs/rights.md and no others.
func (c *cluster) account() {
	c.t.Helper()
	rules, err := kube.RulesIn("../../docs/rights.md")
	c.must(rules, err)
	c.kubeconfig = filepath.Join(c.home, "kubeconfig")
	c.must(nil, c.inKube().Account(c.ctx, "gpk-user", rules, 24*time.Hour, c.kubeconfig))
}
