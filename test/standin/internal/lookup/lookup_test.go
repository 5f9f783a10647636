package lookup

import (
	"slices"
	"testing"
)

func TestHost(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "localhost"} {
		found, err := Host(t.Context(), host)
		if err != nil || !slices.Contains(found, "127.0.0.1") && !slices.Contains(found, "::1") {
			t.Errorf("%s: %q, error %v", host, found, err)
		}
	}
	if found, err := Host(t.Context(), "no-such-host.invalid"); err == nil {
		t.Errorf("%q", found)
	}
}

func TestAddresses(t *testing.T) {
	const out = "10.0.0.7       STREAM demo-primary-0\n10.0.0.7       DGRAM  \n10.0.0.7       RAW    \nfd00::7 STREAM\n"
	if got := addresses(out); !slices.Equal(got, []string{"10.0.0.7", "fd00::7"}) {
		t.Errorf("%q", got)
	}
}
