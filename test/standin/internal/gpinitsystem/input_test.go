package gpinitsystem

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const file = `# comment
TRUSTED_SHELL=ssh
ENCODING=UTF-8
HBA_HOSTNAMES=1
DATABASE_NAME=app
HOST=c0
QD_PRIMARY_ARRAY=$HOST~$HOST~5432~/greenplum/coordinator/gpseg-1~1~-1
declare -a PRIMARY_ARRAY=(
p0~p0~40000~/greenplum/primary/gpseg0~2~0
p1~p1~40000~/greenplum/primary/gpseg1~3~1
)
`

const mirrors = `declare -a MIRROR_ARRAY=(
m0~m0~50000~/greenplum/mirror/gpseg0~4~0
m1~m1~50000~/greenplum/mirror/gpseg1~5~1
)
`

func read(t *testing.T, text string) (input, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "input")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return readInput(context.Background(), path)
}

func TestReadInput(t *testing.T) {
	in, err := read(t, strings.ReplaceAll(file+mirrors, "\n", "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	if in.coordinator.Address != "c0" || in.coordinator.Content != -1 || in.coordinator.Port != 5432 || in.coordinator.Dir != "/greenplum/coordinator/gpseg-1" {
		t.Errorf("coordinator %+v", in.coordinator)
	}
	if len(in.primaries) != 2 || in.primaries[1].DBID != 3 || in.primaries[1].Role != "p" {
		t.Errorf("primaries %+v", in.primaries)
	}
	if len(in.mirrors) != 2 || in.mirrors[1].Address != "m1" || in.mirrors[1].PreferredRole != "m" {
		t.Errorf("mirrors %+v", in.mirrors)
	}
	if in.encoding != "UTF-8" || in.trustedShell != "ssh" || in.database != "app" || !in.hbaHostnames || !in.checksums || in.maxConnect != 0 {
		t.Errorf("%+v", in)
	}
}

func TestReadInputWithoutMirrors(t *testing.T) {
	in, err := read(t, file)
	if err != nil || len(in.primaries) != 2 || len(in.mirrors) != 0 {
		t.Errorf("%+v, %v", in, err)
	}
}

func TestReadInputRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"empty":             "",
		"no coordinator":    "TRUSTED_SHELL=ssh\n",
		"bash that breaks":  "declare -a PRIMARY_ARRAY=(\n",
		"five fields":       "QD_PRIMARY_ARRAY=c0~c0~5432~/d~1\n",
		"port not a number": "QD_PRIMARY_ARRAY=c0~c0~x~/d~1~-1\n",
	} {
		if in, err := read(t, text); err == nil {
			t.Errorf("%s: %+v", name, in)
		}
	}
}

func TestOptions(t *testing.T) {
	o, err := parseOptions(strings.Fields("-aI input -p add -s h1 -P 5432 -S /d -l /logs --ignore-warnings --lc-collate=C -m 100"))
	if err != nil {
		t.Fatal(err)
	}
	if !o.assumeYes || o.input != "input" || o.additions != "add" || o.standby != "h1" || o.standbyPort != "5432" || o.standbyDir != "/d" || o.maxConnect != 100 {
		t.Errorf("%+v", o)
	}
	t.Setenv("LC_ALL", "")
	t.Setenv("LC_TIME", "de_DE.UTF-8")
	if got := strings.Join(o.locales(), " "); !strings.Contains(got, "--lc-collate=C") || !strings.Contains(got, "--lc-time=de_DE.UTF-8") {
		t.Errorf("locales %s", got)
	}
	if _, err := parseOptions([]string{"--no-such"}); err == nil {
		t.Error("an unknown option was taken")
	}
}

func TestHasLocale(t *testing.T) {
	known := "C\nC.utf8\nen_US.utf8\nPOSIX\n"
	for value, want := range map[string]bool{"en_US.UTF-8": true, "C.UTF-8": true, "C": true, "de_DE.UTF-8": false} {
		if got := hasLocale(known, value); got != want {
			t.Errorf("%s: %t", value, got)
		}
	}
}
