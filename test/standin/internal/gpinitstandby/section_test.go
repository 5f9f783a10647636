package gpinitstandby

import "testing"

func TestWithSection(t *testing.T) {
	got := withSection("# a\n# b\nlocal all\nhost x\n", "# standby", []string{"host new", "host x"})
	if want := "# a\n# b\n# standby\nhost new\nlocal all\nhost x\n"; got != want {
		t.Errorf("%q", got)
	}
}

func TestOptions(t *testing.T) {
	if _, err := parseOptions([]string{"-a"}); err == nil {
		t.Error("neither -s, -r nor -n, and no error")
	}
	o, err := parseOptions([]string{"-a", "-s", "h", "-P", "5432", "-S", "/d", "--hba-hostnames"})
	if err != nil || o.host != "h" || o.port != 5432 || o.dir != "/d" {
		t.Errorf("%+v, %v", o, err)
	}
}
