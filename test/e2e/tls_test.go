//go:build e2e

package e2e

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/certificates"
)

// verified is a client that takes the coordinator only by its name and an authority, $1 and $2. $3 is what else it says.
const verified = environment + `echo "$2" >/tmp/ca.crt; PGPASSWORD=visitors psql -XAtqw -d "host=$1 dbname=analytics user=visitor sslmode=verify-full \
  sslrootcert=/tmp/ca.crt connect_timeout=10 $3" -c "select 'in'"`

// certified makes or changes the Secret clients by a new authority, as cert-manager would, and returns the authority.
func (c *cluster) certified(names ...string) certificates.Authority {
	c.t.Helper()
	authority, err := certificates.NewAuthority("theirs", time.Hour)
	c.must(authority, err)
	pair, err := authority.Server("db", names, time.Hour)
	c.must(pair, err)
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "clients"}, Data: map[string][]byte{
		"tls.crt": pair.Certificate, "tls.key": pair.Key, "ca.crt": authority.Certificate}}
	secrets := shared.Client.CoreV1().Secrets(c.namespace)
	if _, err := secrets.Update(c.ctx, secret, metav1.UpdateOptions{}); err != nil {
		c.must(secrets.Create(c.ctx, secret, metav1.CreateOptions{}))
	}
	return authority
}

// TestTLS has clients see a certificate of a Secret: through a failover, and another one without a restart. Whom their authority certifies
// is not the administrator by that.
func TestTLS(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1, standby: true}
	c := newCluster(t, s)
	service := "demo-coordinator." + c.namespace + ".svc"
	file := c.changed("tls.yaml", "  database:\n", "  tls: {secret: clients, required: true}\n  database:\n")

	c.certified("db.example.com")
	c.gpk("create", "-f", file).want(t, 1).says(t, "not for the name "+service)
	if _, found := c.objects()["StatefulSet/demo-coordinator"]; found {
		t.Error("a cluster was made for a certificate that clients cannot verify")
	}
	authority := c.certified("demo-coordinator", service)
	c.gpk("create", "-f", file).want(t, 0)
	c.wantWhole(s)
	c.wantNoDifferences(file)
	c.sql("analytics", "create role visitor login password 'visitors'")

	c.pod("visitor", nil)
	in := func(authority certificates.Authority, host, more string) bool {
		out, err := c.exec(c.ctx, "visitor", verified, host, string(authority.Certificate), more)
		return err == nil && out == "in"
	}
	for _, host := range []string{"demo-coordinator", service} {
		if !in(authority, host, "") {
			t.Errorf("a client cannot verify the coordinator as %s", host)
		}
	}
	if in(authority, service, "sslmode=disable") || in(authority, "demo-coordinator."+c.namespace, "") {
		t.Error("a client comes in without TLS, or verifies a name that is not in the certificate")
	}
	c.wantNotAdministrator(authority, service)

	c.gpk("failover", "--force").want(t, 0)
	c.wantCoordinator("demo-coordinator-1")
	c.eventually("the new coordinator shows the certificate", func() (bool, error) { return in(authority, service, ""), nil })
	c.gpk("recover").want(t, 0)

	next := c.certified("demo-coordinator", service)
	r := c.gpk("create", "-f", file)
	if r.status == 1 && strings.Contains(r.stderr, "takes certificates at its start only") {
		c.gpk("restart").want(t, 0)
		r = c.gpk("create", "-f", file)
	}
	r.want(t, 0)
	if !in(next, service, "") || in(authority, service, "") {
		t.Error("after another certificate clients verify the earlier one, or not this one")
	}
	c.gpk("certs").want(t, 0).prints(t, "the coordinator in pod demo-coordinator-1, to clients", "the administrator, among the pods")
	c.gpk("status").want(t, 0).prints(t, "to clients expires on")
	c.wantWhole(s)
}

// wantNotAdministrator has a client say that it is the administrator, with a certificate that the clients' authority has given it.
func (c *cluster) wantNotAdministrator(authority certificates.Authority, host string) {
	c.t.Helper()
	pair, err := authority.Client("gpadmin", time.Hour)
	c.must(pair, err)
	const script = environment + `umask 077; cd /tmp && echo "$2" >their.crt && echo "$3" >their.key && for mode in require prefer; do
psql -XAtqw -d "host=$1 dbname=analytics user=gpadmin sslmode=$mode sslcert=/tmp/their.crt sslkey=/tmp/their.key" -c "select 'in'" && exit; done; exit 1`
	if out, err := c.exec(c.ctx, "visitor", script, host, string(pair.Certificate), string(pair.Key)); err == nil {
		c.t.Errorf("whom the clients' authority certifies is the administrator: %s", out)
	}
}
