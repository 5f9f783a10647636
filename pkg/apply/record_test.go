package apply

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/plan"
)

func TestRecord(t *testing.T) {
	a := newAPI()
	target := a.target(t)
	if record, err := target.Record(t.Context()); err != nil || record.Spec != "" || record.Journal != nil {
		t.Errorf("of an unknown cluster: %+v, error %v", record, err)
	}
	notes := &recorder{target: target, record: Record{Spec: "the spec"}, operation: "create"}
	for i := range journalLength + 5 {
		if err := notes.note(t.Context(), plan.Step{ID: "pods"}, "started", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	record, err := target.Record(t.Context())
	if err != nil || record.Spec != "the spec" || len(record.Journal) != journalLength {
		t.Fatalf("%d entries, spec %q, error %v", len(record.Journal), record.Spec, err)
	}
	// The latest are kept, in their order.
	first, last := record.Journal[0], record.Journal[journalLength-1]
	if first.Detail != "5" || last.Detail != fmt.Sprint(journalLength+4) || last.Operation != "create" || last.Step != "pods" || last.Event != "started" || last.Time.IsZero() {
		t.Errorf("the first entry is %+v and the last %+v", first, last)
	}
	if names, err := Clusters(t.Context(), target); err != nil || fmt.Sprint(names) != "[demo]" {
		t.Errorf("clusters %q, error %v", names, err)
	}
	for range 2 {
		if err := target.Forget(t.Context()); err != nil {
			t.Errorf("forgetting: %v", err)
		}
	}
	if a.get("configmaps", "demo-gpk") != nil {
		t.Error("the record is left")
	}
}

// The journal explains and decides nothing: one that somebody spoiled is empty, and the spec is still there.
func TestRecordEditedByHand(t *testing.T) {
	for _, journal := range []string{"", "not JSON", `{"an":"object"}`, `[{"time":"yesterday"}]`} {
		a := newAPI()
		a.put(&corev1.ConfigMap{ObjectMeta: meta("demo-gpk", "demo"), Data: map[string]string{specKey: "the spec", journalKey: journal}})
		record, err := a.target(t).Record(t.Context())
		if err != nil || record.Spec != "the spec" || len(record.Journal) != 0 {
			t.Errorf("of the journal %q: %+v, error %v", journal, record, err)
		}
	}
}

// A ConfigMap that looks like a record of a cluster, and isn't one, names no cluster.
func TestClustersAreThoseWithARecord(t *testing.T) {
	a := newAPI()
	a.put(&corev1.ConfigMap{ObjectMeta: meta("demo-scripts", "demo")}, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "x-gpk"}})
	if names, err := Clusters(t.Context(), a.target(t)); err != nil || len(names) != 0 {
		t.Errorf("clusters %q, error %v", names, err)
	}
}

// Volumes that delete has left are a cluster too, for a user who may see them. Who may not is not kept from the others.
func TestClustersWithoutTheRightToVolumes(t *testing.T) {
	a := newAPI()
	a.put(&corev1.ConfigMap{ObjectMeta: meta("demo-gpk", "demo")}, &corev1.PersistentVolumeClaim{ObjectMeta: meta("data-left-primary-0", "left")})
	if names, err := Clusters(t.Context(), a.target(t)); err != nil || fmt.Sprint(names) != "[demo left]" {
		t.Errorf("clusters %q, error %v", names, err)
	}
	claims := schema.GroupResource{Resource: "persistentvolumeclaims"}
	for _, fault := range []struct {
		error
		names string
	}{
		{apierrors.NewForbidden(claims, "", errors.New("no right")), "[demo]"},
		{apierrors.NewServiceUnavailable("gone"), ""},
	} {
		a.failWith(func(r *http.Request) error {
			if strings.HasSuffix(r.URL.Path, "/persistentvolumeclaims") {
				return fault.error
			}
			return nil
		})
		names, err := Clusters(t.Context(), a.target(t))
		if fault.names == "" && err == nil || fault.names != "" && (err != nil || fmt.Sprint(names) != fault.names) {
			t.Errorf("where claims are answered with %q: clusters %q, error %v", fault.error, names, err)
		}
	}
}

func keys(t *testing.T, a *memoryAPI) *keysHandler {
	t.Helper()
	secret := &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: meta("demo-ssh", "demo")}
	secret.Namespace = ref.Namespace
	return &keysHandler{a.target(t), plan.Keys{Secret: secret, Files: map[string]string{"config": "Host *\n"}}}
}

// The keys are made once. What is beside them may change; they do not, since running pods have them.
func TestKeys(t *testing.T) {
	a := newAPI()
	h := keys(t, a)
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Pending {
		t.Fatalf("found %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	made := a.get("secrets", "demo-ssh").(*corev1.Secret).Data
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
	for _, word := range a.requests {
		if strings.Contains(word, "PRIVATE") {
			t.Errorf("a key is in the request %q", word)
		}
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Done {
		t.Errorf("found %+v, error %v", finding, err)
	}
	h.action.Files["config"] = "Host other\n"
	if finding, err := h.Check(t.Context()); err != nil || finding.State != Pending {
		t.Errorf("with another configuration: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	now := a.get("secrets", "demo-ssh").(*corev1.Secret).Data
	if string(now["config"]) != "Host other\n" || string(now[userKey]) != string(made[userKey]) || string(now[hostKey]) != string(made[hostKey]) {
		t.Error("the keys changed with what is beside them")
	}
}

// Half a Secret is nobody's to mend but a person's: new keys would lock running pods out.
func TestKeysSpoiled(t *testing.T) {
	for _, file := range []string{userKey, authorizedKeys, hostKey, knownHosts} {
		a := newAPI()
		h := keys(t, a)
		if err := h.Do(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		delete(a.get("secrets", "demo-ssh").(*corev1.Secret).Data, file)
		finding, err := h.Check(t.Context())
		if err != nil || finding.State != Blocked || !strings.Contains(finding.Details[0], "has no "+file) || finding.Next == "" {
			t.Errorf("without %s: %+v, error %v", file, finding, err)
		}
	}
}
