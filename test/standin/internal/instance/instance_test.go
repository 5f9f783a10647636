package instance

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestGreenplumOnly(t *testing.T) {
	for name, want := range map[string]bool{
		"gp_vmem_protect_limit": true, "optimizer": true, "optimizer_join_order": true, "statement_mem": true, "GP_ROLE": true,
		"max_connections": false, "shared_buffers": false, "work_mem": false, "no_such_setting": false,
	} {
		if got := GreenplumOnly(name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestSetCommandAndRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ConfFile), []byte("#port = 5432\nshared_buffers = 1MB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, s := range []Setting{
		{"port", "40000"}, {"shared_buffers", "32MB"}, {"listen_addresses", "'*'"}, {"gp_contentid", "0"}, {"gp_dbid", "2"},
		{"port", "40001"},
	} {
		if out, err := exec.Command("bash", "-c", SetCommand(dir, s)).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", s.Name, err, out)
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, ConfFile))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(data), "#port = 5432\nshared_buffers=32MB\nport=40001\nlisten_addresses='*'\n"; got != want {
		t.Errorf("%s:\n%s", ConfFile, got)
	}
	for name, want := range map[string]string{"gp_contentid": "0", "gp_dbid": "2", "listen_addresses": "*"} {
		if got, _ := Read(dir, name); got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if port, err := Port(dir); err != nil || port != 40001 {
		t.Errorf("port %d, %v", port, err)
	}
}

func TestSetCommandBreaksOnASlashAsTheOriginal(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ConfFile), []byte("log_directory=log\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := exec.Command("bash", "-c", SetCommand(dir, Setting{"log_directory", "/var/log"})).Run(); err == nil {
		t.Error("a value with a slash replaced another")
	}
}

func TestAdditions(t *testing.T) {
	path := filepath.Join(t.TempDir(), "additions")
	if err := os.WriteFile(path, []byte("# comment\nstatement_mem = 64MB\n\nmax_connections=100\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := Additions(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := []Setting{{"statement_mem", "64MB"}, {"max_connections", "100"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// The lines of real pg_hba.conf files, in testdata.
func TestHBA(t *testing.T) {
	const domain = ".agent.gp3.svc.cluster.local"
	coordinator, standby, primary, mirror := "coordinator-0"+domain, "coordinator-1"+domain, "primary-0"+domain, "mirror-0"+domain
	for file, lines := range map[string][][]string{
		"pg_hba.coordinator.txt": {StandbyHBA("gpadmin", standby), CoordinatorHBA("gpadmin", coordinator, standby)},
		"pg_hba.primary.txt": {
			PrimaryHBA("gpadmin", coordinator, standby, primary, mirror), ReplicationHBA("gpadmin", primary, mirror), StandbyHBA("gpadmin", standby)[:1],
		},
	} {
		data, err := os.ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Split(strings.TrimSpace(string(data)), "\n")
		want = want[:len(want)-1] // the exit status
		var got []string
		for _, part := range lines {
			got = append(got, part...)
		}
		want = want[len(want)-len(got):] // a primary's begin with initdb's own
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestStopping(t *testing.T) {
	dir := t.TempDir()
	for text, want := range map[string]bool{"12\n/data\n1\n5432\n/tmp\n*\n1 2\nready   \n": false, "12\n/data\n1\n5432\n/tmp\n*\n1 2\nstopping\n": true} {
		if err := os.WriteFile(filepath.Join(dir, PidFile), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := Stopping(dir); got != want {
			t.Errorf("%q: %t", text, got)
		}
		if pid, err := Pid(dir); err != nil || pid != 12 {
			t.Errorf("pid %d, %v", pid, err)
		}
	}
}

func TestListening(t *testing.T) {
	const table = `Num       RefCount Protocol Flags    Type St Inode Path
0000000000000000: 00000002 00000000 00010000 0001 01 12345 /tmp/.s.PGSQL.5432
0000000000000000: 00000002 00000000 00010000 0001 01 12346 /greenplum/coordinator/gpseg-1/.s.PGSQL.5432
0000000000000000: 00000002 00000000 00010000 0001 01 12347 /tmp/.s.PGSQL.54321
0000000000000000: 00000003 00000000 00000000 0001 03 12348
`
	for port, want := range map[int][]string{
		5432: {"/tmp", "/greenplum/coordinator/gpseg-1"}, 54321: {"/tmp"}, 40000: nil,
	} {
		if got := listening(table, port); !reflect.DeepEqual(got, want) {
			t.Errorf("port %d: %q", port, got)
		}
	}
}
