package templates_test

import (
	"os"
	"strings"
	"testing"
)

const (
	hbaDir  = "greenplum/primary/gpseg0"
	hbaText = "local all gpadmin trust\nhostssl all gpadmin all cert\n# gpk: end\n"
)

// hbaPod is a pod with an instance that runs, and with the cluster's certificates.
func hbaPod(t *testing.T) *fakePod {
	t.Helper()
	p := newPod(t)
	p.fake("getent", "echo gpadmin:x:1000:1000::"+p.path("home")+":/bin/bash")
	p.fake("pg_ctl", `[ "$1" = reload ] && echo "$@" >>reloaded; exit 0`)
	for _, file := range []string{"ca.crt", "server.crt", "server.key", "gpadmin.crt", "gpadmin.key"} {
		p.write("gpk/ssh/"+file, file)
	}
	p.write(hbaDir+"/postgresql.conf", "port=40000\nssl = off\n#ssl_ca_file=''\nssl_ca_file='other'\n")
	p.write(hbaDir+"/pg_hba.conf", "host all all samehost trust\n")
	return p
}

// What anybody has added is gone, and the server reads both files at once. A second time there is nothing to do.
func TestHBAWrite(t *testing.T) {
	p := hbaPod(t)
	if err := os.Chmod(p.path(hbaDir+"/pg_hba.conf"), 0o640); err != nil {
		t.Fatal(err)
	}
	p.write(hbaDir+"/pg_hba.conf.gpk-before", "host all all all ldap ldapbindpasswd=secret\n")
	differ := "differs " + p.path(hbaDir) + " postgresql.conf\ndiffers " + p.path(hbaDir) + " pg_hba.conf\nend\n"
	if out := p.must([]byte(hbaText), "hba.sh", "check", p.path(hbaDir), p.path("greenplum/primary/gpseg1")); out != differ {
		t.Errorf("at first %q, want %q", out, differ)
	}
	for range 2 {
		if out := p.must([]byte(hbaText), "hba.sh", "write", p.path(hbaDir), p.path("greenplum/primary/gpseg1")); out != "end\n" {
			t.Errorf("got %q", out)
		}
	}
	if got := p.read(hbaDir + "/pg_hba.conf"); got != hbaText {
		t.Errorf("pg_hba.conf is %q", got)
	}
	keys := p.path("gpk/ssh")
	want := "port=40000\n#ssl_ca_file=''\nssl=on\nssl_cert_file='" + keys + "/server.crt'\nssl_key_file='" + keys + "/server.key'\nssl_ca_file='" + keys + "/ca.crt'\n"
	if got := p.read(hbaDir + "/postgresql.conf"); got != want {
		t.Errorf("postgresql.conf is %q, want %q", got, want)
	}
	if got := strings.Count(p.read("reloaded"), "reload -D "+p.path(hbaDir)); got != 1 {
		t.Errorf("reloaded %d times", got)
	}
	if info, err := os.Stat(p.path(hbaDir + "/pg_hba.conf")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the file's mode is %v: %v", info.Mode(), err)
	}
	if p.has(hbaDir + "/pg_hba.conf.gpk-before") {
		t.Error("a copy of the file before stays, with what is in it")
	}
	if out := p.must([]byte(hbaText), "hba.sh", "check", p.path(hbaDir)); out != "end\n" {
		t.Errorf("afterwards %q", out)
	}
}

// Text that was cut off on its way changes nothing, nor does anything where the servers' certificates are not.
func TestHBAChangesNothing(t *testing.T) {
	for name, test := range map[string]struct {
		text    string
		without string
	}{
		"cut off":            {hbaText[:30], ""},
		"nothing arrived":    {"", ""},
		"no certificate yet": {hbaText, "gpk/ssh/gpadmin.crt"},
	} {
		p := hbaPod(t)
		if test.without != "" {
			p.write(test.without, "")
		}
		before := p.read(hbaDir+"/pg_hba.conf") + p.read(hbaDir+"/postgresql.conf")
		if r := p.run([]byte(test.text), "hba.sh", "write", p.path(hbaDir)); r.status == 0 {
			t.Errorf("%s: %+v", name, r)
		}
		if after := p.read(hbaDir+"/pg_hba.conf") + p.read(hbaDir+"/postgresql.conf"); after != before || p.has("reloaded") {
			t.Errorf("%s: %q became %q, reloaded: %t", name, before, after, p.has("reloaded"))
		}
	}
}

// A server that refuses a line gets its file back.
func TestHBAWithdraw(t *testing.T) {
	p := hbaPod(t)
	before := p.read(hbaDir + "/pg_hba.conf")
	p.must([]byte(hbaText), "hba.sh", "offer", p.path(hbaDir))
	if got := p.read(hbaDir + "/pg_hba.conf"); got != hbaText {
		t.Errorf("offered: %q", got)
	}
	p.must(nil, "hba.sh", "withdraw", p.path(hbaDir))
	if got := p.read(hbaDir + "/pg_hba.conf"); got != before {
		t.Errorf("withdrawn: %q", got)
	}
	if got := strings.Count(p.read("reloaded"), "reload"); got != 2 {
		t.Errorf("reloaded %d times", got)
	}
}

// A server that has not been told of its file is told the next time, whatever ended the script in between.
func TestHBAUnread(t *testing.T) {
	p := hbaPod(t)
	p.fake("pg_ctl", `[ "$1" != reload ]`)
	if r := p.run([]byte(hbaText), "hba.sh", "write", p.path(hbaDir)); r.status == 0 {
		t.Errorf("a server that cannot be told: %+v", r)
	}
	if got := p.read(hbaDir + "/pg_hba.conf"); got != hbaText {
		t.Errorf("pg_hba.conf is %q", got)
	}
	if out := p.must([]byte(hbaText), "hba.sh", "check", p.path(hbaDir)); out != "differs "+p.path(hbaDir)+" pg_hba.conf\nend\n" {
		t.Errorf("the server has not read it, and check says %q", out)
	}
	p.fake("pg_ctl", `[ "$1" = reload ] && echo "$@" >>reloaded; exit 0`)
	p.must([]byte(hbaText), "hba.sh", "write", p.path(hbaDir))
	if out := p.must([]byte(hbaText), "hba.sh", "check", p.path(hbaDir)); out != "end\n" || !p.has("reloaded") {
		t.Errorf("afterwards %q, reloaded: %t", out, p.has("reloaded"))
	}
}

// What ALTER SYSTEM has set would outrank the file.
func TestHBAAlterSystem(t *testing.T) {
	p := hbaPod(t)
	p.write(hbaDir+"/postgresql.auto.conf", "work_mem = '1MB'\nssl = 'off'\n")
	p.must([]byte(hbaText), "hba.sh", "write", p.path(hbaDir))
	if got := p.read(hbaDir + "/postgresql.auto.conf"); got != "work_mem = '1MB'\n" {
		t.Errorf("it is %q", got)
	}
	p.write(hbaDir+"/postgresql.auto.conf", "ssl = 'off'\n")
	if out := p.must([]byte(hbaText), "hba.sh", "check", p.path(hbaDir)); out != "differs "+p.path(hbaDir)+" postgresql.conf\nend\n" {
		t.Errorf("check says %q", out)
	}
}

// An offer that nobody answered does not become the file to go back to, and the server does not start with it.
func TestHBAOfferInterrupted(t *testing.T) {
	p := hbaPod(t)
	before := p.read(hbaDir + "/pg_hba.conf")
	for _, offered := range []string{"wrong 1\n# gpk: end\n", "wrong 2\n# gpk: end\n"} {
		p.must([]byte(offered), "hba.sh", "offer", p.path(hbaDir))
	}
	if out := p.must([]byte("wrong 2\n# gpk: end\n"), "hba.sh", "check", p.path(hbaDir)); out != "differs "+p.path(hbaDir)+" pg_hba.conf\nend\n" {
		t.Errorf("nobody has answered the offer, and check says %q", out)
	}
	for _, time := range []string{"first", "second"} {
		p.must(nil, "hba.sh", "withdraw", p.path(hbaDir))
		if got := p.read(hbaDir + "/pg_hba.conf"); got != before {
			t.Errorf("withdrawn the %s time: %q", time, got)
		}
	}
}

// libpq refuses a client's key that others may read, and looks for it under names of its own. Another certificate replaces it.
func TestHBACertificate(t *testing.T) {
	p := hbaPod(t)
	for _, content := range []string{"gpadmin.key", "a new one"} {
		p.write("gpk/ssh/gpadmin.key", content)
		p.must(nil, "hba.sh", "certificate")
		for file, want := range map[string]string{"root.crt": "ca.crt\n", "postgresql.crt": "gpadmin.crt\n", "postgresql.key": content + "\n"} {
			if got := p.read("home/.postgresql/" + file); got != want {
				t.Errorf("%s is %q, want %q", file, got, want)
			}
			if info, err := os.Stat(p.path("home/.postgresql/" + file)); err != nil || info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has the mode %v: %v", file, info.Mode(), err)
			}
		}
	}
}
