package create

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
)

// What is wrong with the Secret is said before anything is made, and never with a password in it.
func TestPasswordsSecret(t *testing.T) {
	for name, test := range map[string]struct {
		data map[string]string
		says []string
	}{
		"fine":    {map[string]string{"visitor": "open sesame", "gpadmin": "x"}, nil},
		"no key":  {map[string]string{}, []string{"it has no key"}},
		"empty":   {map[string]string{"visitor": ""}, []string{"the password of visitor is empty"}},
		"newline": {map[string]string{"visitor": "hush\n"}, []string{"the password of visitor contains a newline"}},
		"no role": {map[string]string{"visitor.txt": "hush"}, []string{"visitor.txt is not a role name"}},
		"reserved": {map[string]string{"public": "hush", "none": "hush", "pg_monitor": "hush", "pgadmin": "x"}, []string{
			"the name public is reserved", "the name none is reserved", "the name pg_monitor is reserved"}},
		"two at once": {map[string]string{"a.b": "hush", "c": ""}, []string{"a.b is not a role name", "the password of c is empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			secret := &corev1.Secret{ObjectMeta: apitest.Meta("passwords", "demo"), Data: map[string][]byte{}}
			for key, value := range test.data {
				secret.Data[key] = []byte(value)
			}
			a.Put(secret)
			finding, err := (&passwordsHandler{kube: clusterFor(t, apitest.ConfigOf(a)).kube, action: plan.Passwords{Secret: "passwords"}}).Check(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(finding.Details, " ")
			if fine := finding.State == engine.Done; fine != (test.says == nil) || !fine && finding.Next.Empty() {
				t.Errorf("%+v", finding)
			}
			for _, words := range test.says {
				if !strings.Contains(said, words) {
					t.Errorf("%q is not in %q", words, said)
				}
			}
			if strings.Contains(said+finding.Next.String(), "hush") {
				t.Errorf("a password is in %q", said)
			}
		})
	}
	missing, err := (&passwordsHandler{kube: clusterFor(t, apitest.ConfigOf(apitest.New())).kube, action: plan.Passwords{Secret: "passwords"}}).Check(t.Context())
	if err != nil || missing.State != engine.Blocked || !strings.Contains(missing.Next.String(), "kubectl create secret generic passwords -n analytics") {
		t.Errorf("%+v, error %v", missing, err)
	}
}
