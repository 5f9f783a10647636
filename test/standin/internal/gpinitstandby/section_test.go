package gpinitstandby

import (
	"testing"

	"gpk/test/standin/internal/utility"
)

func TestWithSection(t *testing.T) {
	got := withSection("# a\n# b\nlocal all\nhost x\n", "# standby", []string{"host new", "host x"})
	if want := "# a\n# b\n# standby\nhost new\nlocal all\nhost x\n"; got != want {
		t.Errorf("%q", got)
	}
}

func TestOptions(t *testing.T) {
	for _, refused := range []options{{}, {host: "h", remove: true}} {
		if err := (&run{opt: refused}).possible(t.Context()); err == nil {
			t.Errorf("%+v: no error", refused)
		}
	}
	o, err := parseOptions(utility.Environment{Args: []string{"-a", "-s", "h", "-P", "5432", "-S", "/d", "--hba-hostnames"}})
	if err != nil || o.host != "h" || o.port != 5432 || o.dir != "/d" {
		t.Errorf("%+v, %v", o, err)
	}
}
