//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"strings"

	"gpk/test/kube"
)

// environment is what an administrator types in a pod before the utilities work, in whichever image. It is not gpk's own.
const environment = `for script in "${GPHOME:-/usr/local/greenplum-db}/greenplum_path.sh" /usr/local/cloudberry-db/cloudberry-env.sh /usr/edb/*/greenplum_path.sh; do
[ ! -f "$script" ] || . "$script" >/dev/null; done; export USER="$(id -un)" LOGNAME="$(id -un)"; `

// utilityMode has psql speak to a segment past the coordinator. Greenplum 6, whose log's reader is pg_xlogdump, has another setting.
const utilityMode = `PGOPTIONS="-c $(command -v pg_xlogdump >/dev/null && echo gp_session_role || echo gp_role)=utility"`

// exec runs a shell script in a pod, as `kubectl exec` would and not through gpk. $1, $2, … are the arguments.
func (c *cluster) exec(ctx context.Context, pod, script string, args ...string) (string, error) {
	return c.inKube().Exec(ctx, pod, script, args...)
}

// inKube is the namespace, for what the suites share.
func (c *cluster) inKube() *kube.Namespace {
	return &kube.Namespace{Kube: shared.Kube, Name: c.namespace}
}

// in is exec for what has to succeed.
func (c *cluster) in(pod, script string, args ...string) string {
	c.t.Helper()
	out, err := c.exec(c.ctx, pod, script, args...)
	if err != nil {
		c.t.Fatal(err)
	}
	return out
}

// sql runs SQL through `gpk psql` and returns its bare answer.
func (c *cluster) sql(database, sql string) string {
	c.t.Helper()
	r := c.gpk("psql", "-d", database, "--", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", sql)
	if r.status != 0 {
		c.t.Fatalf("%s: exit status %d: %s", sql, r.status, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}

// utility runs SQL on one instance alone, in utility mode, from the coordinator's pod and not through gpk.
func (c *cluster) utility(i instance, database, sql string) string {
	c.t.Helper()
	return c.in("demo-coordinator-0", environment+utilityMode+` psql -XAtq -v ON_ERROR_STOP=1 -h "$1" -p "$2" -d "$3" -c "$4"`,
		i.Host, fmt.Sprint(i.Port), database, sql)
}

// await waits in a pod that may not be there yet until a shell condition holds, which it looks at every 50 ms, then runs a
// script and returns what that prints.
func (c *cluster) await(pod, condition, script string) string {
	c.t.Helper()
	var out string
	c.eventually("in pod "+pod+": "+condition, func() (bool, error) {
		var err error
		out, err = c.exec(c.ctx, pod, "for ((i = 0; i < 1200; i++)); do if "+condition+"; then "+script+"; exit; fi; sleep 0.05; done; exit 1")
		return err == nil, err
	})
	return out
}

// running prints the processes of a utility's job in a pod, the oldest first: gpk's wrapper and the utility itself.
func running(utility string) string {
	return fmt.Sprintf(`ps -eo pid=,args= | grep "[%s]%s -a" | sort -n`, utility[:1], utility[1:])
}
