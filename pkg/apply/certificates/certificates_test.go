package certificates_test

import (
	"crypto/tls"
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"gpk/pkg/apply/certificates"
)

const year = 365 * 24 * time.Hour

// issued is an authority with a certificate of servers.
func issued(t *testing.T, life time.Duration, names ...string) (certificates.Authority, certificates.Given) {
	t.Helper()
	authority, err := certificates.NewAuthority("an authority", 10*year)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Server("demo", names, life)
	if err != nil {
		t.Fatal(err)
	}
	return authority, certificates.Given{Certificate: pair.Certificate, Key: pair.Key, Authority: authority.Certificate}
}

// What gpk makes has no faults, and holds for its names and addresses only. An authority that was read again signs as before.
func TestIssued(t *testing.T) {
	authority, given := issued(t, year, "db.example.com", "*.example.org", "10.0.0.1")
	leaf, faults := given.Faults(time.Now())
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	lacks := certificates.Lacks(leaf, []string{"db.example.com", "*.example.org", "a.example.org", "10.0.0.1", "10.0.0.2", "other.example.com"})
	if !slices.Equal(lacks, []string{"10.0.0.2", "other.example.com"}) {
		t.Errorf("it lacks %q", lacks)
	}
	again, err := certificates.ReadAuthority(authority.Pair)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := again.Client("gpadmin", 20*year)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tls.X509KeyPair(pair.Certificate, pair.Key); err != nil {
		t.Error(err)
	}
	client, err := certificates.First(pair.Certificate)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Certificate)
	if err == nil {
		_, err = client.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	}
	if err != nil || client.Subject.CommonName != "gpadmin" || client.NotAfter.After(time.Now().Add(10*year)) {
		t.Errorf("the client's is %v: %v", client, err)
	}
}

// All faults are told at once, and no part of a key.
func TestFaults(t *testing.T) {
	now := time.Now()
	_, given := issued(t, year)
	_, other := issued(t, year)
	_, expired := issued(t, -time.Hour)
	both := expired
	both.Key, both.Authority = other.Key, other.Authority
	with := func(change func(*certificates.Given)) certificates.Given {
		changed := given
		change(&changed)
		return changed
	}
	for name, test := range map[string]struct {
		given certificates.Given
		want  []string
	}{
		"no certificate":  {with(func(g *certificates.Given) { g.Certificate = nil }), []string{"tls.crt is missing"}},
		"a key instead":   {with(func(g *certificates.Given) { g.Certificate = g.Key }), []string{"tls.crt is missing or holds no certificate"}},
		"no key":          {with(func(g *certificates.Given) { g.Key = nil }), []string{"tls.key is missing"}},
		"no authority":    {with(func(g *certificates.Given) { g.Authority = nil }), []string{"ca.crt is missing"}},
		"another key":     {with(func(g *certificates.Given) { g.Key = other.Key }), []string{"tls.key is not the key of tls.crt"}},
		"encrypted":       {with(func(g *certificates.Given) { g.Key = []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nhush\n") }), []string{"tls.key is encrypted"}},
		"another chain":   {with(func(g *certificates.Given) { g.Authority = other.Authority }), []string{"the chain from tls.crt to ca.crt is broken"}},
		"no root":         {with(func(g *certificates.Given) { g.Authority = g.Certificate }), []string{"does not end at an authority that signed itself"}},
		"expired":         {expired, []string{"tls.crt expired on " + certificates.Day(now)}},
		"three at a time": {both, []string{"tls.key is not the key", "tls.crt expired on", "the chain from tls.crt to ca.crt is broken"}},
	} {
		leaf, faults := test.given.Faults(now)
		if leaf != nil || len(faults) != len(test.want) {
			t.Errorf("%s: %q, want %q", name, faults, test.want)
			continue
		}
		for i, want := range test.want {
			if !strings.Contains(faults[i], want) || strings.Contains(faults[i], "hush") {
				t.Errorf("%s: %q, want %q", name, faults[i], want)
			}
		}
	}
}

// The end of a certificate is told thirty days ahead, and not a day earlier.
func TestEnding(t *testing.T) {
	_, given := issued(t, 31*24*time.Hour)
	leaf, _ := given.Faults(time.Now())
	day := certificates.Day(leaf.NotAfter)
	for at, want := range map[time.Duration]string{
		31 * 24 * time.Hour: "", 29*24*time.Hour + time.Hour: "it expires on " + day + ", in 29 days", -time.Hour: "it expired on " + day,
	} {
		if got := certificates.Ending("it", leaf, leaf.NotAfter.Add(-at)); got != want {
			t.Errorf("%s before: %q, want %q", at, got, want)
		}
	}
}
