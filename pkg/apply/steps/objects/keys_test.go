package objects

import (
	"crypto/tls"
	"crypto/x509"
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
	pairs := map[string]string{userKey: strings.TrimPrefix(string(made[authorizedKeys]), "restrict,pty "), hostKey: strings.TrimPrefix(string(made[knownHosts]), "* ")}
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
	// The key of an earlier gpk could do more.
	live := a.Get("secrets", "demo-ssh").(*corev1.Secret)
	restricted := string(live.Data[authorizedKeys])
	live.Data[authorizedKeys] = []byte(pairs[userKey])
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending || !strings.HasPrefix(restricted, "restrict,pty ssh-ed25519 ") {
		t.Errorf("%q: %+v, error %v", restricted, finding, err)
	}
	h.action.Files["config"] = "Host other\n"
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
		t.Errorf("with another configuration: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	now := a.Get("secrets", "demo-ssh").(*corev1.Secret).Data
	if string(now["config"]) != "Host other\n" || string(now[authorizedKeys]) != restricted || string(now[userKey]) != string(made[userKey]) || string(now[hostKey]) != string(made[hostKey]) {
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

// The administrator's certificate is what pg_hba.conf asks for, the servers' has their names, and both are of the cluster's authority. Keys
// of a cluster that an earlier gpk made stay, and get certificates beside them.
func TestCertificates(t *testing.T) {
	a := apitest.New()
	h := keys(t, a)
	h.action.Names = []string{"demo-coordinator", "localhost"}
	if err := h.Do(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	made := a.Get("secrets", "demo-ssh").(*corev1.Secret)
	before := string(made.Data[userKey])
	for _, file := range certificateFiles() {
		delete(made.Data, file)
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
		t.Errorf("without certificates: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	data := a.Get("secrets", "demo-ssh").(*corev1.Secret).Data
	if string(data[userKey]) != before {
		t.Error("the ssh key changed")
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(data[authority]) {
		t.Fatalf("%s is no certificate", authority)
	}
	for _, test := range []struct {
		file, key, name string
		usage           x509.ExtKeyUsage
	}{{clientCertificate, clientKey, "gpadmin", x509.ExtKeyUsageClientAuth}, {serverCertificate, serverKey, "demo", x509.ExtKeyUsageServerAuth}} {
		pair, err := tls.X509KeyPair(data[test.file], data[test.key])
		if err != nil {
			t.Fatalf("%s: %v", test.file, err)
		}
		leaf, err := x509.ParseCertificate(pair.Certificate[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{test.usage}}); err != nil || leaf.Subject.CommonName != test.name {
			t.Errorf("%s of %q: %v", test.file, leaf.Subject.CommonName, err)
		}
		if server := test.file == serverCertificate; server != (leaf.VerifyHostname("demo-coordinator") == nil) {
			t.Errorf("%s is of the names %q", test.file, leaf.DNSNames)
		}
	}
}
