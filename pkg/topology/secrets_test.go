package topology_test

import (
	"strings"
	"testing"

	"gpk/pkg/topology"
)

// A secret in a line of pg_hba.conf is refused with the reason, and is in no message, whatever else is wrong with the line.
func TestSecretsInHBA(t *testing.T) {
	const secret = "hunter2"
	for line, reason := range map[string]string{
		`hostssl all all all ldap ldapserver=l ldapbasedn="dc=e" ldapbinddn="cn=gp" ldapbindpasswd="` + secret + `"`: "ldapbindpasswd is a secret",
		`host all all all radius radiusservers=r radiussecrets=` + secret:                                            "radiussecrets is a secret",
		`host all all all radius radiusservers=r radiussecrets="` + secret + `,other"`:                               "radiussecrets is a secret",
		`host all all all ldap ldapserver=l "ldapbindpasswd=` + secret + ` 2"`:                                       "ldapbindpasswd is a secret",
		`host all all all ldap ldapserver=l ldapbindpass"wd=` + secret + `"`:                                         "ldapbindpasswd is a secret",
		`host all all all ldap ldapserver=l LdapBindPasswd = ` + secret:                                              "LdapBindPasswd is a secret",
		`host all all all ldap ldapurl="ldap://gp:` + secret + `@ldap.example/dc=e"`:                                 "the password in the URL is a secret",
		`host all all all gss some_secret=` + secret:                                                                 "some_secret is a secret",
		`host all all 10.0.0.1/8 ldap ldapbindpasswd=` + secret:                                                      "ldapbindpasswd is a secret",
		`host all all all ldap ldapbindpasswd ` + secret:                                                             "behind the method there are only options",
		`host all all all ldap ldapbindpasswd:` + secret:                                                             "behind the method there are only options",
		`host all all all password "` + secret:                                                                       "a quote is not closed",
		"host all all all md5\nlocal all all ldap ldapbindpasswd=" + secret:                                          "give one line",
	} {
		c, err := topology.Recorded(edited(t), "")
		if err != nil {
			t.Fatal(err)
		}
		c.Spec.Database.HBA = []string{line}
		if err = c.Validate(); err == nil || !strings.Contains(err.Error(), reason) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: error %v, want %q", line, err, reason)
		}
	}
	// The list may be forgotten.
	_, err := topology.Load(edited(t, "spec/database/hba: 'host all all all ldap ldapbindpasswd="+secret+"'"), "")
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("error %v", err)
	}
}

func TestHideSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"host secrets all all md5": "host secrets all all md5",
		`["host a ldap ldapbindpasswd=\"x y\" ldaptls=1","b"]`: `["host a ldap ldapbindpasswd=…`,
		`["host a ldap \"ldapbindpasswd=x\""]`:                 `["host a ldap \"ldapbindpasswd=…`,
		`ldapurl=ldap://a:b@c/d`:                               `ldapurl=ldap://…`,
		`ldapurl=ldap://a:389/d`:                               `ldapurl=ldap://a:389/d`,
	} {
		if got := topology.HideSecrets(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
