package tls

import (
	"bytes"
	stdtls "crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/certificates"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/remotetest"
	"gpk/test/roomtest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }

const year = 365 * 24 * time.Hour

var service = []string{"demo-coordinator", "demo-coordinator.analytics.svc"} //nolint:gochecknoglobals // never changed

func pairOf(t *testing.T, life time.Duration, names ...string) (certificates.Authority, map[string][]byte) {
	t.Helper()
	authority, err := certificates.NewAuthority("theirs", 10*year)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Server("demo", names, life)
	if err != nil {
		t.Fatal(err)
	}
	return authority, map[string][]byte{"tls.crt": pair.Certificate, "tls.key": pair.Key, "ca.crt": authority.Certificate}
}

// What is wrong with the user's Secret is told at once, before anything is made.
func TestGiven(t *testing.T) {
	_, other := pairOf(t, year)
	for name, test := range map[string]struct {
		life   time.Duration
		names  []string
		wanted []string
		change func(map[string][]byte)
		state  engine.State
		says   []string
	}{
		"of the service":       {year, service, nil, nil, engine.Done, nil},
		"of one name of it":    {year, service[:1], nil, nil, engine.Done, []string{"not for demo-coordinator.analytics.svc: clients"}},
		"of another name":      {year, []string{"db.example"}, nil, nil, engine.Blocked, []string{"not for the name demo-coordinator", "not for the name demo-coordinator.analytics.svc"}},
		"of the name given":    {year, []string{"db.example"}, []string{"db.example"}, nil, engine.Done, []string{"clients that verify it cannot use these names"}},
		"not of the one given": {year, service, []string{"db.example"}, nil, engine.Blocked, []string{"not for the name db.example"}},
		"soon over":            {20 * 24 * time.Hour, service, nil, nil, engine.Done, []string{"in Secret clients expires on"}},
		"all at once": {-time.Hour, service, []string{"db.example"}, func(data map[string][]byte) { data["tls.key"] = other["tls.key"] }, engine.Blocked,
			[]string{"is not the key of tls.crt", "tls.crt expired on", "not for the name db.example"}},
		"half of it": {year, service, nil, func(data map[string][]byte) { delete(data, "ca.crt") }, engine.Blocked, []string{"ca.crt is missing"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := apitest.New()
			_, data := pairOf(t, test.life, test.names...)
			if test.change != nil {
				test.change(data)
			}
			a.Put(&corev1.Secret{ObjectMeta: apitest.Meta("clients", "demo"), Data: data})
			h := &givenHandler{kube: roomtest.New(t, apitest.ConfigOf(a)).Kube, action: plan.GivenCertificate{Secret: "clients", Service: service, Names: test.wanted}}
			finding, err := h.Check(t.Context())
			if err != nil || finding.State != test.state || len(finding.Details) != len(test.says) {
				t.Fatalf("%+v, error %v", finding, err)
			}
			for i, words := range test.says {
				if !strings.Contains(finding.Details[i], words) {
					t.Errorf("%q, want %q", finding.Details[i], words)
				}
			}
		})
	}
	h := &givenHandler{kube: roomtest.New(t, apitest.ConfigOf(apitest.New())).Kube, action: plan.GivenCertificate{Secret: "clients"}}
	if missing, err := h.Check(t.Context()); err != nil || missing.State != engine.Blocked || !strings.Contains(missing.Next.String(), "-n analytics") {
		t.Errorf("%+v, error %v", missing, err)
	}
}

func selfSigned(t *testing.T, a *apitest.API, names ...string) *selfSignedHandler {
	t.Helper()
	secret := &corev1.Secret{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}, ObjectMeta: apitest.Meta("demo-tls", "demo")}
	secret.Namespace = apitest.Ref.Namespace
	return &selfSignedHandler{roomtest.New(t, apitest.ConfigOf(a)).Kube, plan.SelfSigned{Secret: secret, Authority: "gpk demo clients", Name: names[0], Names: names}}
}

// A name that is added later gets into a certificate of the same authority, which clients know.
func TestSelfSigned(t *testing.T) {
	a := apitest.New()
	var before map[string][]byte
	for _, names := range [][]string{service, append(service[:2:2], "db.example")} {
		h := selfSigned(t, a, names...)
		if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
			t.Fatalf("%+v, error %v", finding, err)
		}
		if err := h.Do(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
			t.Fatalf("then %+v, error %v", finding, err)
		}
		now := a.Get("secrets", "demo-tls").(*corev1.Secret).Data
		if before != nil && (!bytes.Equal(before["ca.crt"], now["ca.crt"]) || bytes.Equal(before["tls.crt"], now["tls.crt"])) {
			t.Error("the authority changed, or the certificate did not")
		}
		before = now
	}
	delete(a.Get("secrets", "demo-tls").(*corev1.Secret).Data, "ca.key")
	if finding, err := selfSigned(t, a, service...).Check(t.Context()); err != nil || finding.State != engine.Blocked {
		t.Errorf("without the authority's key: %+v, error %v", finding, err)
	}
}

// coordinator is a pod whose server shows a certificate, over the exec that carries the connection.
func coordinator(t *testing.T, a *apitest.API, served *atomic.Pointer[stdtls.Certificate], renew func() string) {
	t.Helper()
	pod := apitest.Pod("demo-coordinator-0", apitest.Runs(), true)
	pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	pod.Spec.Volumes = []corev1.Volume{{Name: "gpk-tls", VolumeSource: corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "clients"}}}}
	a.Put(pod)
	a.Exec = func(_ string, argv []string, stdin io.Reader, out, _ io.Writer) int {
		switch {
		case strings.Contains(strings.Join(argv, " "), "instances.sh"):
			_, _ = io.WriteString(out, "marker initialised\nend\n"+`[{"dbid":1,"content":-1,"role":"p","preferred_role":"p","mode":"n","status":"u",`+
				`"port":5432,"hostname":"demo-coordinator-0","address":"demo-coordinator-0","datadir":"/greenplum/coordinator/gpseg-1"}]`+"\n")
		case strings.Contains(strings.Join(argv, " "), "hba.sh renew"):
			_, _ = io.WriteString(out, renew())
		case strings.Contains(strings.Join(argv, " "), "connect.sh 127.0.0.1 5432"):
			_, _ = io.WriteString(out, "connected\n")
			serve(t, stdin, out, served.Load())
		}
		return 0
	}
}

// serve is a server's part of the handshake.
func serve(t *testing.T, in io.Reader, out io.Writer, certificate *stdtls.Certificate) {
	request := make([]byte, len(segments.SSLRequest))
	if _, err := io.ReadFull(in, request); err != nil || !bytes.Equal(request, segments.SSLRequest) {
		t.Errorf("the server was asked %q: %v", request, err)
		return
	}
	if certificate == nil {
		_, _ = io.WriteString(out, "N")
		return
	}
	_, _ = io.WriteString(out, "S")
	client, server := net.Pipe()
	go func() { _, _ = io.Copy(out, client) }()
	go func() { _, _ = io.Copy(client, in); _ = client.Close() }()
	_ = stdtls.Server(server, &stdtls.Config{Certificates: []stdtls.Certificate{*certificate}, MinVersion: stdtls.VersionTLS12}).Handshake()
	_, _ = io.Copy(io.Discard, server)
}

// gpk waits until the server shows what is in the Secret. One that takes certificates at its start only waits for a restart.
func TestServed(t *testing.T) {
	_, data := pairOf(t, year, service...)
	_, before := pairOf(t, year, service...)
	keyPair := func(data map[string][]byte) *stdtls.Certificate {
		pair, err := stdtls.X509KeyPair(data["tls.crt"], data["tls.key"])
		if err != nil {
			t.Fatal(err)
		}
		return &pair
	}
	for name, test := range map[string]struct {
		restart bool
	}{"reloads": {false}, "restarts": {true}} {
		t.Run(name, func(t *testing.T) {
			var served atomic.Pointer[stdtls.Certificate]
			served.Store(keyPair(before))
			a := apitest.New()
			a.Put(&corev1.Secret{ObjectMeta: apitest.Meta("clients", "demo"), Data: data})
			arrived := 0
			coordinator(t, a, &served, func() string {
				if arrived++; arrived < 2 {
					return "mounted 1234\n" + map[bool]string{true: "start\n"}[test.restart] + "end\n"
				}
				if test.restart {
					return fmt.Sprintf("mounted %x\nstart\nend\n", sumOf(data["tls.crt"]))
				}
				served.Store(keyPair(data))
				return fmt.Sprintf("mounted %x\nend\n", sumOf(data["tls.crt"]))
			})
			c := roomtest.New(t, apitest.Served(t, a))
			h := &servedHandler{c.Kube, c.Pods, c.DB, plan.Served{Secret: "clients"}, time.Minute}
			finding, err := h.Check(t.Context())
			if err != nil || finding.State != engine.Pending || !strings.Contains(finding.Details[0], "the coordinator in pod demo-coordinator-0 shows clients another certificate") {
				t.Fatalf("%+v, error %v", finding, err)
			}
			err = h.Do(t.Context(), func(string) {})
			if (err != nil) != test.restart || err != nil && !strings.Contains(err.Error(), "at its start only") || arrived != 2 {
				t.Fatalf("asked %d times, error %v", arrived, err)
			}
			if finding, err := h.Check(t.Context()); err != nil || (finding.State == engine.Done) == test.restart {
				t.Errorf("then %+v, error %v", finding, err)
			}
		})
	}
}

// Pods that were made before do not mount the Secret: a person must recreate them.
func TestServedWithoutMount(t *testing.T) {
	_, data := pairOf(t, year, service...)
	a := apitest.New()
	a.Put(&corev1.Secret{ObjectMeta: apitest.Meta("clients", "demo"), Data: data})
	coordinator(t, a, &atomic.Pointer[stdtls.Certificate]{}, func() string { return "missing\nend\n" })
	a.Put(apitest.Pod("demo-primary-0", apitest.Runs(), true))
	c := roomtest.New(t, apitest.Served(t, a))
	finding, err := (&servedHandler{c.Kube, c.Pods, c.DB, plan.Served{Secret: "clients"}, time.Minute}).Check(t.Context())
	if err != nil || finding.State != engine.Blocked || !strings.Contains(finding.Details[0], "made before: demo-primary-0") ||
		!strings.Contains(finding.Next.String(), "--scale-to-zero") {
		t.Errorf("%+v, error %v", finding, err)
	}
}
