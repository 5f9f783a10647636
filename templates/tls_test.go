package templates_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"strings"
	"testing"
	"time"
)

// pair is a certificate and its key, as files hold them.
func pair(t *testing.T) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}))
}

// tlsPod is a coordinator's pod that mounts a certificate for clients as the kubelet does, and returns what the server gets of it.
func tlsPod(t *testing.T, release func(*testing.T) *fakePod) (p *fakePod, want string) {
	t.Helper()
	p = release(t)
	p.write(hbaOf("coordinator/gpseg-1")+"/postgresql.conf", "port=5432\n")
	p.write(hbaOf("coordinator/gpseg-1")+"/pg_hba.conf", "")
	return p, p.mountPair("1", theirAuthority(t))
}

func hbaOf(dir string) string { return "greenplum/" + dir }

// theirAuthority is the certificate of some authority.
func theirAuthority(t *testing.T) string {
	t.Helper()
	certificate, _ := pair(t)
	return certificate
}

// known are the authorities that programs in a pod know beside the cluster's own.
func (p *fakePod) known() string {
	p.t.Helper()
	own, theirs, _ := strings.Cut(p.read("home/.postgresql/root.crt"), "\n")
	if own != "ca.crt" {
		p.t.Errorf("programs know first %q", own)
	}
	return theirs
}

// mountPair changes the mounted Secret, all files at once.
func (p *fakePod) mountPair(version, authority string) (want string) {
	p.t.Helper()
	certificate, key := pair(p.t)
	for file, content := range map[string]string{"tls.crt": certificate, "tls.key": key, "ca.crt": authority} {
		p.write("gpk/tls/.."+version+"/"+file, content)
		_ = os.Symlink("..data/"+file, p.path("gpk/tls/"+file))
	}
	_ = os.Remove(p.path("gpk/tls/..data"))
	if err := os.Symlink(".."+version, p.path("gpk/tls/..data")); err != nil {
		p.t.Fatal(err)
	}
	return certificate + key
}

// mounted is how the pod tells of the certificate that it mounts.
func (p *fakePod) mounted() string {
	return fmt.Sprintf("mounted %x\n", sha256.Sum256([]byte(p.read("gpk/tls/tls.crt"))))
}

const clientsFile = "shm/gpk-clients.pem"

// The coordinator shows clients their certificate, and takes only the cluster's own authority for that of the administrator. The segments
// show the cluster's own. Programs know both.
func TestClientsCertificate(t *testing.T) {
	for name, release := range map[string]func(*testing.T) *fakePod{"Greenplum 7": hbaPod, "Greenplum 6": six} {
		t.Run(name, func(t *testing.T) {
			p, want := tlsPod(t, release)
			dir := p.path("greenplum/coordinator/gpseg-1")
			p.fake("pg_ctl", "exit 3")
			p.must([]byte(hbaText), "hba.sh", "write", dir, p.path(hbaDir))
			if got := p.read(clientsFile); got != want {
				t.Errorf("the server has %q, want %q", got, want)
			}
			if info, err := os.Stat(p.path(clientsFile)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the file with the key has the mode %v: %v", info.Mode(), err)
			}
			if got := p.known(); got != p.read("gpk/tls/ca.crt") {
				t.Errorf("programs know the authorities %q", got)
			}
			conf := p.read("greenplum/coordinator/gpseg-1/postgresql.conf")
			for _, line := range []string{"ssl_cert_file='" + p.path(clientsFile) + "'", "ssl_key_file='" + p.path(clientsFile) + "'", "ssl_ca_file='" + p.path("gpk/ssh/ca.crt") + "'"} {
				if !strings.Contains(conf, line+"\n") {
					t.Errorf("the coordinator's file lacks %s: %s", line, conf)
				}
			}
			if conf := p.read(hbaDir + "/postgresql.conf"); strings.Contains(conf, clientsFile) {
				t.Errorf("a segment has the certificate of clients: %s", conf)
			}
			if out := p.must([]byte(hbaText), "hba.sh", "check", dir, p.path(hbaDir)); out != "end\n" {
				t.Errorf("then it finds %q", out)
			}
		})
	}
}

// A pair that does not fit would keep a server from its start: the last one that did stays, or it is the cluster's own.
func TestClientsCertificateUnfit(t *testing.T) {
	p, want := tlsPod(t, hbaPod)
	p.must(nil, "hba.sh", "certificate")
	good := p.read("gpk/tls/..1/tls.key")
	for step, key := range []string{"no key\n", good[:len(good)/2], func() string { _, other := pair(t); return other }()} {
		p.write("gpk/tls/..1/tls.key", key)
		if r := p.run(nil, "hba.sh", "renew"); r.out != p.mounted()+"unfit\nend\n" || r.status != 0 || !strings.Contains(r.err, "does not fit its key") {
			t.Errorf("%d: it printed %q and %q", step, r.out, r.err)
		}
		if got := p.read(clientsFile); got != want {
			t.Errorf("%d: the server has %q", step, got)
		}
	}
	if err := os.RemoveAll(p.path("shm")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(p.path("shm"), 0o700); err != nil {
		t.Fatal(err)
	}
	p.must(nil, "hba.sh", "certificate")
	if got := p.read(clientsFile); got != "server.crt\nserver.key\n" {
		t.Errorf("in a new pod the server has %q", got)
	}
	p.write("gpk/tls/..1/tls.key", good)
	p.must(nil, "hba.sh", "renew")
	if got := p.read(clientsFile); got != want {
		t.Errorf("once it fits again the server has %q", got)
	}
}

// A segment's pod has no certificate of clients: gpexpand may give a new segment the coordinator's file all the same.
func TestClientsCertificateOfSegment(t *testing.T) {
	p := hbaPod(t)
	p.write("gpk/tls/ca.crt", theirAuthority(t))
	p.must(nil, "hba.sh", "certificate")
	if got := p.read(clientsFile); got != "server.crt\nserver.key\n" {
		t.Errorf("the server has %q", got)
	}
	p.write("gpk/ssh/server.crt", "another")
	if out := p.must(nil, "hba.sh", "renew"); out != "missing\nend\n" {
		t.Errorf("it printed %q", out)
	}
	if got := p.read(clientsFile); got != "another\nserver.key\n" {
		t.Errorf("of a renewed certificate the server has %q", got)
	}
}

// A server reads what has changed, once, and only then. One of Greenplum 6 waits for its restart.
func TestRenew(t *testing.T) {
	p, _ := tlsPod(t, hbaPod)
	p.must(nil, "hba.sh", "certificate")
	reloads := func() int {
		if !p.has("reloaded") {
			return 0
		}
		return strings.Count(p.read("reloaded"), "reload -D "+p.path("greenplum/coordinator/gpseg-1"))
	}
	for range 2 {
		if out := p.must(nil, "hba.sh", "renew"); out != p.mounted()+"end\n" || reloads() != 0 {
			t.Errorf("unchanged: it printed %q and reloaded %d times", out, reloads())
		}
	}
	next := theirAuthority(t)
	want := p.mountPair("2", next)
	for range 2 {
		if out := p.must(nil, "hba.sh", "renew"); out != p.mounted()+"end\n" || reloads() != 1 {
			t.Errorf("changed: it printed %q and reloaded %d times", out, reloads())
		}
	}
	if got := p.read(clientsFile); got != want {
		t.Errorf("the server has %q", got)
	}
	if got := p.known(); got != next {
		t.Errorf("programs know the authorities %q", got)
	}
	// libpq takes nothing of a file in which one certificate is damaged.
	p.mountPair("3", theirAuthority(t)+"-----BEGIN CERTIFICATE-----\nMIIB\n")
	if out := p.must(nil, "hba.sh", "renew"); !strings.Contains(out, "unfit\n") || p.known() != next {
		t.Errorf("of a damaged file it printed %q, and programs know %q", out, p.known())
	}
	old, _ := tlsPod(t, six)
	if out := old.must(nil, "hba.sh", "renew"); out != old.mounted()+"start\nend\n" {
		t.Errorf("Greenplum 6 printed %q", out)
	}
}

// What is shown of the certificates is no key.
func TestShowCertificates(t *testing.T) {
	p, _ := tlsPod(t, hbaPod)
	want := ""
	for _, file := range []string{"gpk/ssh/ca.crt", "gpk/ssh/server.crt", "gpk/ssh/gpadmin.crt", "gpk/tls/ca.crt"} {
		want += "certificate " + p.path(file) + " " + base64.StdEncoding.EncodeToString([]byte(p.read(file))) + "\n"
	}
	if got := p.must(nil, "hba.sh", "show"); got != want+"end\n" {
		t.Errorf("it shows %q, want %q", got, want)
	}
}
