package passthrough

import (
	"reflect"
	"slices"
	"testing"
)

func TestWithoutGreenplum(t *testing.T) {
	for _, c := range []struct{ in, want []string }{
		{[]string{"-D", "/d", "-p", "5432", "-c", "gp_role=dispatch"}, []string{"-D", "/d", "-p", "5432"}},
		{[]string{"-D", "/d", "-c", "work_mem=4MB"}, []string{"-D", "/d", "-c", "work_mem=4MB"}},
		{[]string{"-cgp_role=utility", "--gp-contentid=1", "--work_mem=1MB"}, []string{"--work_mem=1MB"}},
		{[]string{"-c"}, []string{"-c"}},
	} {
		if got := withoutGreenplum(c.in); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %q", c.in, got)
		}
	}
}

func TestWithoutRole(t *testing.T) {
	for in, want := range map[string]string{
		"-c gp_role=utility": "", "-c gp_session_role=utility -c search_path=a": "-c search_path=a", "--gp_role=utility": "", "": "",
	} {
		if got := WithoutRole(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestClientEnvironment(t *testing.T) {
	got := ClientEnvironment([]string{"A=1", "PGOPTIONS=-c gp_role=utility"})
	if !reflect.DeepEqual(got, []string{"A=1", "PGOPTIONS=", "PGHOST=/tmp"}) {
		t.Errorf("%q", got)
	}
	if got := ClientEnvironment([]string{"PGHOST=db"}); !slices.Equal(got, []string{"PGHOST=db"}) {
		t.Errorf("a host that was set: %q", got)
	}
}

func TestDirectoryAndRole(t *testing.T) {
	for _, c := range []struct {
		args      []string
		dir, role string
	}{
		{[]string{"-D", "/d", "-c", "gp_role=utility"}, "/d", "utility"},
		{[]string{"-D/d", "-p", "1"}, "/d", ""},
		{[]string{"--single", "-D", "/d"}, "", ""},
		{[]string{"-V"}, "", ""},
		{[]string{"-D", "/d", "-C", "port"}, "", ""},
	} {
		if got := Directory(c.args); got != c.dir {
			t.Errorf("%q: directory %q", c.args, got)
		}
		if got := Role(c.args); got != c.role {
			t.Errorf("%q: role %q", c.args, got)
		}
	}
}

func TestInitdbOptions(t *testing.T) {
	rest, settings := initdbOptions([]string{"-D", "/d", "--max_connections=250", "--shared_buffers=128000kB", "--data-checksums"})
	if !reflect.DeepEqual(rest, []string{"-D", "/d", "--data-checksums"}) || len(settings) != 2 || settings[0].Value != "250" {
		t.Errorf("%q, %v", rest, settings)
	}
}
