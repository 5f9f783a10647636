package objects

import (
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

func keys(t *testing.T, a *apitest.API) *keysHandler {
	t.Helper()
	secret := &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: apitest.Meta("demo-ssh", "demo")}
	secret.Namespace = apitest.Ref.Namespace
	return &keysHandler{roomtest.New(t, apitest.ConfigOf(a)).Kube, plan.Keys{Secret: secret, Files: map[string]string{"config": "Host *\n"}}}
}

// The keys are made once. What is beside them may change; they do not, since running pods have them.
func TestKeys(t *testing.T) {
	a := apitest.New()
	h := keys(t, a)
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
		t.Fatalf("found %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	made := a.Get("secrets", "demo-ssh").(*corev1.Secret).Data
	pairs := map[string]string{userKey: string(made[authorizedKeys]), hostKey: strings.TrimPrefix(string(made[knownHosts]), "* ")}
	for private, public := range pairs {
		signer, err := ssh.ParsePrivateKey(made[private])
		if err != nil || signer.PublicKey().Type() != ssh.KeyAlgoED25519 {
			t.Fatalf("%s: %v", private, err)
		}
		if got := string(ssh.MarshalAuthorizedKey(signer.PublicKey())); got != public {
			t.Errorf("%s is the key of %q, and its public line %q", private, got, public)
		}
	}
	if pairs[userKey] == pairs[hostKey] {
		t.Error("the user and the hosts have the same key")
	}
	for _, word := range a.Requests {
		if strings.Contains(word, "PRIVATE") {
			t.Errorf("a key is in the request %q", word)
		}
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("found %+v, error %v", finding, err)
	}
	h.action.Files["config"] = "Host other\n"
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
		t.Errorf("with another configuration: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	now := a.Get("secrets", "demo-ssh").(*corev1.Secret).Data
	if string(now["config"]) != "Host other\n" || string(now[userKey]) != string(made[userKey]) || string(now[hostKey]) != string(made[hostKey]) {
		t.Error("the keys changed with what is beside them")
	}
}

// Half a Secret is nobody's to mend but a person's: new keys would lock running pods out.
func TestKeysSpoiled(t *testing.T) {
	for _, file := range []string{userKey, authorizedKeys, hostKey, knownHosts} {
		a := apitest.New()
		h := keys(t, a)
		if err := h.Do(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		delete(a.Get("secrets", "demo-ssh").(*corev1.Secret).Data, file)
		finding, err := h.Check(t.Context())
		if err != nil || finding.State != engine.Blocked || !strings.Contains(finding.Details[0], "has no "+file) || finding.Next.Empty() {
			t.Errorf("without %s: %+v, error %v", file, finding, err)
		}
	}
}
