package templates_test

import (
	"os"
	"strings"
	"testing"
)

// A server that tries to start has the files of the instance and its own folder, and never the data.
func TestTryStart(t *testing.T) {
	p := newPod(t)
	dir := p.path("greenplum/coordinator/gpseg-1")
	for name, content := range map[string]string{"postgresql.conf": "port=5432\n", "server.crt": "c", "postmaster.pid": "1",
		"standby.signal": "", "global/pg_control": "c", "pg_wal/000000010000000000000001": "w", "base/1/2": "data"} {
		p.write("greenplum/coordinator/gpseg-1/"+name, content)
	}
	p.fake("pg_ctl", "exit 0")
	p.fake("postgres", `
[[ "$1" = -D && "$*" == *" -c data_directory=$2 "* && "$2" != *gpseg* && "$*" != *" -c ssl=on "*" -c ssl=on "* ]] || exit 7
(cd "$2" && find . -type f ! -name said | sort | tr '\n' ' ' >"$FOUND")
case "$*" in
  *ssl=on*) echo "FATAL:  no certificate"; exit 1 ;;
  *) echo 'FATAL:  required WAL directory "pg_wal" does not exist'; exit 1 ;;
esac`)
	p.env = append(p.env, "FOUND="+p.path("found"))
	if out := p.must(nil, "settings.sh", "try", dir, "work_mem=1MB"); out != "starts\nend\n" {
		t.Errorf("%q", out)
	}
	if found := p.read("found"); found != "./global/pg_control ./postgresql.conf ./server.crt " {
		t.Errorf("it had %q", found)
	}
	if out := p.must(nil, "settings.sh", "try", dir, "ssl=on"); out != "said FATAL:  no certificate\nend\n" {
		t.Errorf("%q", out)
	}
	// What is said of the folder is said of the instance: two tries of one fault say the same.
	p.fake("postgres", `echo "FATAL:  configuration file \"$2/postgresql.conf\" contains errors"; exit 1`)
	if out := p.must(nil, "settings.sh", "try", dir); out != "said FATAL:  configuration file \""+dir+"/postgresql.conf\" contains errors\nend\n" {
		t.Errorf("%q", out)
	}
	if left, err := os.ReadDir(p.path("tmp")); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

func TestSettingsInFiles(t *testing.T) {
	p := newPod(t)
	const folder = "greenplum/primary/gpseg0/"
	dir := p.path("greenplum/primary/gpseg0")
	const conf, auto = folder + "postgresql.conf", folder + "postgresql.auto.conf"
	p.write(conf, "port=6000\nSSL = on # mine\n#ssl=off\nwork_mem=1MB\n")
	p.write(auto, "# by hand\nssl = 'on'\nmax_connections = '9'\n")
	change := []byte("remove ssl\nset work_mem '2 MB'\nend\n")
	p.fake("pg_ctl", "exit 3")
	if out := p.must(change, "settings.sh", "check", dir, "/nowhere"); out != "differs "+dir+" ssl\ndiffers "+dir+" work_mem\nend\n" {
		t.Errorf("before: %q", out)
	}
	p.fake("pg_ctl", "exit 0")
	if r := p.run(change, "settings.sh", "write", dir); r.status == 0 || !strings.Contains(r.err, "runs: its files were not changed") {
		t.Errorf("while it runs: %+v", r)
	}
	p.fake("pg_ctl", "exit 3")
	if r := p.run([]byte("remove ssl\n"), "settings.sh", "write", dir); r.status == 0 || !strings.HasPrefix(p.read(conf), "port=6000\nSSL") {
		t.Errorf("cut off: %+v, and there is %q", r, p.read(conf))
	}
	for range 2 {
		p.must(change, "settings.sh", "write", dir, "/nowhere")
		if got := p.read(conf); got != "port=6000\n#SSL = on # mine\n#ssl=off\n#work_mem=1MB\nwork_mem='2 MB'\n" {
			t.Errorf("written: %q", got)
		}
		if got := p.read(auto); got != "# by hand\nmax_connections = '9'\n" {
			t.Errorf("of ALTER SYSTEM: %q", got)
		}
	}
	if out := p.must(change, "settings.sh", "check", dir); out != "end\n" {
		t.Errorf("after: %q", out)
	}
	// A file that could not be written whole does not take the place of the good one.
	before := p.read(conf)
	p.fake("awk", `[[ "$*" != *'"#"'* ]] || { echo port=6000; exit 2; }; exec /usr/bin/awk "$@"`)
	if r := p.run([]byte("remove work_mem\nend\n"), "settings.sh", "write", dir); r.status == 0 || p.read(conf) != before {
		t.Errorf("on a full volume: %+v, and there is %q", r, p.read(conf))
	}
}
