package pki

import (
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestPairIsSignedForItsUse(t *testing.T) {
	dir := t.TempDir()
	ca, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	pair := Pair{
		Name: "node1", User: "system:node:node1", Groups: []string{"system:nodes"},
		DNS: []string{"node1"}, IPs: []net.IP{net.IPv4(10, 200, 0, 11)},
	}
	if err := ca.Ensure(pair); err != nil {
		t.Fatal(err)
	}
	cert, key, err := readPair(dir, "node1")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	for _, use := range []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth} {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{use}}); err != nil {
			t.Errorf("use %v: %v", use, err)
		}
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		t.Error("the key is not the certificate's")
	}
	if cert.Subject.CommonName != pair.User || len(cert.Subject.Organization) != 1 || cert.Subject.Organization[0] != "system:nodes" {
		t.Errorf("the certificate says %s", cert.Subject)
	}
	for _, host := range []string{"node1", "10.200.0.11"} {
		if err := cert.VerifyHostname(host); err != nil {
			t.Error(err)
		}
	}
	if info, err := os.Stat(filepath.Join(dir, "node1.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's file: %v, %v; want mode 0600", info.Mode(), err)
	}
}

func TestEnsureChangesNothingThatIsThere(t *testing.T) {
	dir := t.TempDir()
	read := func() string {
		t.Helper()
		var all string
		for _, name := range []string{"ca.crt", "ca.key", "admin.crt", "admin.key", "tokens.key", "tokens.pub"} {
			data, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			all += string(data)
		}
		return all
	}
	ensure := func() {
		t.Helper()
		ca, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := ca.Ensure(Pair{Name: "admin", User: "admin"}); err != nil {
			t.Fatal(err)
		}
		if err := ca.EnsureKey("tokens"); err != nil {
			t.Fatal(err)
		}
	}
	ensure()
	first := read()
	ensure()
	if read() != first {
		t.Error("a second run changed a key or a certificate")
	}
	// A run that was killed between the two files of a pair leaves the key alone.
	if err := os.Remove(filepath.Join(dir, "admin.crt")); err != nil {
		t.Fatal(err)
	}
	ensure()
	if read() == first {
		t.Error("half a pair was not made anew")
	}
}

func TestBrokenAuthorityIsSaid(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), []byte("cut sh"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil {
		t.Error("a broken certificate is taken for none or for a whole one")
	}
}
