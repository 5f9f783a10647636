//go:build e2e

package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// password is the visitor's, with all that quoting could spoil.
const password = `open "sesame"; it's $HOME\n`

// TestInside makes a cluster with what there can be inside: settings that gpinitsystem could not give, an extension, and a
// role whose password comes from a Secret.
func TestInside(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	file := c.changed("inside.yaml",
		"resources: {requests: {cpu: 20m, memory: 256Mi}}\n    storage: {size: 1Gi}\n  segments", // the coordinator's
		"resources: {requests: {cpu: 20m, memory: 512Mi}}\n    storage: {size: 1Gi}\n  segments",
		"  database:\n", "  database:\n    extensions: [pgcrypto]\n    passwordSecret: passwords\n    config: {search_path: '\"$user\", public, extra'}\n")

	c.gpk("create", "-f", file).want(t, 1).says(t, "Secret passwords", "kubectl create secret generic passwords -n "+c.namespace)
	if pods, err := shared.Client.CoreV1().Pods(c.namespace).List(c.ctx, metav1.ListOptions{}); err != nil || len(pods.Items) > 0 {
		t.Errorf("without the Secret there are %d pods already, error %v", len(pods.Items), err)
	}

	secrets := shared.Client.CoreV1().Secrets(c.namespace)
	c.must(secrets.Create(c.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "passwords"},
		StringData: map[string]string{"visitor": password}}, metav1.CreateOptions{}))
	c.gpk("create", "-f", file).want(t, 0)
	primaries := c.wantWhole(small())
	if path := c.sql("analytics", "show search_path"); path != `"$user", public, extra` {
		t.Errorf("search_path is %s", path)
	}
	// An eighth of the memory, on each.
	coordinators, segments := c.sql("analytics", "show shared_buffers"), c.utility(primaries[0], "postgres", "show shared_buffers")
	if coordinators != "64MB" || segments != "32MB" {
		t.Errorf("shared_buffers are %s on the coordinator and %s on a segment", coordinators, segments)
	}
	if digest := c.sql("analytics", "select length(digest('x', 'sha256'))"); digest != "32" {
		t.Errorf("pgcrypto's digest has %s bytes", digest)
	}
	c.wantLogin(password, true)
	c.wantLogin("another", false)
	for _, run := range c.runs {
		if said := run.out.String() + run.err.String(); strings.Contains(said, "sesame") || strings.Contains(said, "SCRAM-SHA-256$") {
			t.Errorf("gpk %s shows the password:\n%s", strings.Join(run.args, " "), said)
		}
	}
	logs := c.in(coordinator, "cat /greenplum/coordinator/gpseg-1/log/*.csv /greenplum/.gpk/jobs/*/log 2>/dev/null | grep -c -e sesame -e 'SCRAM-SHA-256[$]' || true")
	if logs != "0" {
		t.Errorf("the database's log has the password, or what is stored of it, %s times", logs)
	}

	before := c.settled()
	if again := c.gpk("create", "-f", file).want(t, 0); !strings.HasPrefix(again.stdout, "no changes") {
		t.Errorf("create again: %s", again.stdout)
	}
	c.wantSame(before)
	c.must(secrets.Update(c.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "passwords"},
		StringData: map[string]string{"visitor": "another"}}, metav1.UpdateOptions{}))
	c.gpk("create", "-f", file).want(t, 0).says(t, "roles and their passwords")
	c.wantLogin(password, false)
	c.wantLogin("another", true)
}

// wantLogin fails the test unless the visitor can log in with a password, or cannot.
func (c *cluster) wantLogin(password string, can bool) {
	c.t.Helper()
	_, err := c.exec(c.ctx, "demo-primary-0", environment+`PGPASSWORD="$1" psql -XAtq -w -h demo-coordinator -U visitor -d analytics -c 'select 1'`, password)
	if (err == nil) != can {
		c.t.Errorf("whether the visitor can log in with %q should be %t: %v", password, can, err)
	}
}
