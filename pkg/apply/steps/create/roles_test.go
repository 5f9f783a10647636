package create

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
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
			finding, err := (&passwordsHandler{kube: roomtest.New(t, apitest.ConfigOf(a)).Kube, action: plan.Passwords{Secret: "passwords"}}).Check(t.Context())
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
	missing, err := (&passwordsHandler{kube: roomtest.New(t, apitest.ConfigOf(apitest.New())).Kube, action: plan.Passwords{Secret: "passwords"}}).Check(t.Context())
	if err != nil || missing.State != engine.Blocked || !strings.Contains(missing.Next.String(), "kubectl create secret generic passwords -n analytics") {
		t.Errorf("%+v, error %v", missing, err)
	}
}

// A role that is missing is made, one with another password is changed, and a password is in no command line.
func TestRoles(t *testing.T) {
	same, err := segments.StorePassword("same", "unchanged")
	if err != nil {
		t.Fatal(err)
	}
	a := apitest.New()
	var ran []string
	pod := apitest.Pod("demo-coordinator-0", apitest.Runs(), true)
	pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	a.Put(pod, &corev1.Secret{ObjectMeta: apitest.Meta("passwords", "demo"),
		Data: map[string][]byte{"old": []byte("hush-1"), "new": []byte("hush-2"), "same": []byte("unchanged")}})
	a.Exec = func(_ string, argv []string, stdin io.Reader, out, _ io.Writer) int {
		input, err := io.ReadAll(stdin)
		if err != nil || strings.Contains(strings.Join(argv, " ")+string(input), "hush") {
			t.Errorf("%q %q: %v", argv, input, err)
		}
		switch {
		case strings.Contains(argv[1], "instances.sh"):
			_, _ = io.WriteString(out, "marker initialised\nend\n[]\n")
		case strings.Contains(string(input), "pg_authid"):
			fmt.Fprintf(out, `{"old": "md5", "same": %q}`, same.SCRAM)
		default:
			for line := range strings.Lines(string(input)) {
				if verb, _, found := strings.Cut(line, " password "); found {
					ran = append(ran, verb)
				}
			}
		}
		return 0
	}
	c := roomtest.New(t, apitest.Served(t, a))
	h := &rolesHandler{c.Kube, c.DB, plan.Roles{Secret: "passwords"}}
	finding, err := h.Check(t.Context())
	if err != nil || !slices.Equal(finding.Details, []string{"role new is missing", "role old has another password"}) {
		t.Errorf("%+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if want := []string{`create role "new" login`, `alter role "old"`}; !slices.Equal(ran, want) {
		t.Errorf("ran %q, want %q", ran, want)
	}
}
