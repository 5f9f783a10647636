package topology

import (
	"net"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// plainTypes are the kinds of connections in pg_hba.conf that are not encrypted by TLS, or need not be.
var plainTypes = []string{"hostnossl", "hostgssenc", "hostnogssenc"}

func (v *validator) tls(c *Cluster, path *field.Path) {
	tls := c.Spec.TLS
	if tls == nil {
		return
	}
	switch own := c.Metadata.Name + "-tls"; {
	case tls.Secret == "" && !tls.SelfSigned:
		v.fault(path, "the certificate is missing: give secret, or selfSigned: true")
	case tls.Secret != "" && tls.SelfSigned:
		v.fault(path, "give secret or selfSigned, not both")
	case tls.Secret == own:
		v.refuse(path.Child("secret"), tls.Secret, "it is the name of the Secret that gpk makes for selfSigned: give another")
	case tls.Secret == c.Metadata.Name+"-ssh":
		v.refuse(path.Child("secret"), tls.Secret, "it is the Secret with the cluster's own keys: give another")
	}
	v.objectName(path.Child("secret"), tls.Secret)
	for i, name := range tls.Names {
		at := path.Child("names").Index(i)
		if slices.Contains(tls.Names[:i], name) {
			v.refuse(at, name, "given twice: remove one")
		} else if net.ParseIP(name) == nil {
			v.refuseAll(at, name, dnsComplaints(name))
		}
	}
	if !tls.Required {
		return
	}
	for i, line := range c.Spec.Database.HBA {
		if kind := strings.Trim(hbaWord.FindString(line), `"`); slices.Contains(plainTypes, kind) {
			v.fault(field.NewPath("spec", "database", "hba").Index(i), "%s lets clients in without TLS, and spec.tls.required refuses these: "+
				"give hostssl", kind)
		}
	}
}

// dnsComplaints are what is wrong with the name of a host in a certificate, which may begin with *.
func dnsComplaints(name string) []string {
	if strings.HasPrefix(name, "*.") {
		return validation.IsWildcardDNS1123Subdomain(name)
	}
	return validation.IsDNS1123Subdomain(name)
}
