package segments

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseCertificates(t *testing.T) {
	found, err := ParseCertificates("certificate /gpk/ssh/ca.crt Y2E=\ncertificate /gpk/ssh/server.crt c2VydmVy\nend\n")
	want := []CertificateFile{{PodsAuthority, []byte("ca")}, {ServersCertificate, []byte("server")}}
	if diff := cmp.Diff(want, found); diff != "" || err != nil {
		t.Errorf("%s, error %v", diff, err)
	}
	for _, out := range []string{"", "certificate /gpk/ssh/ca.crt Y2E=\n", "certificate /gpk/ssh/ca.crt\nend\n", "certificate /gpk/ssh/ca.crt ?\nend\n"} {
		if found, err := ParseCertificates(out); err == nil || found != nil {
			t.Errorf("of %q it reads %v", out, found)
		}
	}
}

func TestParseRenewed(t *testing.T) {
	for out, want := range map[string]Renewed{
		"missing\nend\n":             {},
		"mounted 12ab\nunfit\nend\n": {Mounted: "12ab", Unfit: true},
		"mounted 12ab\nstart\nend\n": {Mounted: "12ab", AtStart: true},
	} {
		if got, err := ParseRenewed(out); err != nil || got != want {
			t.Errorf("%q: %+v, error %v", out, got, err)
		}
	}
	for _, out := range []string{"", "mounted 12ab\n", "other\nend\n"} {
		if got, err := ParseRenewed(out); err == nil || got != (Renewed{}) {
			t.Errorf("%q: %+v", out, got)
		}
	}
}
