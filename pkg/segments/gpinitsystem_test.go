package segments

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/topology"
	"gpk/test/golden"
)

// cluster is a topology as package topology makes it, without a file.
func cluster(t *testing.T, count, perPod int32, mirrors, standby bool) topology.Topology {
	t.Helper()
	c := &topology.Cluster{Metadata: topology.Metadata{Name: "demo", Namespace: "analytics"}}
	c.Spec.Segments.Count, c.Spec.Segments.PerPod = count, perPod
	c.Spec.Segments.Mirrors, c.Spec.Coordinator.Standby = &mirrors, &standby
	c.Default()
	return topology.New(c)
}

func TestInitSystem(t *testing.T) {
	settings := []Setting{{"shared_buffers", "125MB"}, {"gp_vmem_protect_limit", "8192"}}
	for name, test := range map[string]struct {
		topology topology.Topology
		settings []Setting
	}{
		"initsystem.mirrored": {cluster(t, 3, 2, true, true), settings},
		"initsystem.bare":     {cluster(t, 1, 1, false, false), nil},
	} {
		utility := InitSystem(test.topology, "en_US.UTF-8", "250", test.settings)
		var b strings.Builder
		b.WriteString("$ " + strings.Join(utility.Argv, " ") + "\n")
		for _, file := range utility.Files {
			b.WriteString("\n== " + file.Name + "\n" + file.Content)
		}
		golden.Compare(t, "testdata/"+name+".golden", b.String())
	}
}

// sourced is what bash, which is what gpinitsystem reads its input with, makes of the input file: each array's words.
func sourced(t *testing.T, content string) map[string][]string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "gpinitsystem.conf"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("bash", "-euc", `. ./gpinitsystem.conf
for name in QD_PRIMARY_ARRAY PRIMARY_ARRAY MIRROR_ARRAY HBA_HOSTNAMES ENCODING; do
  declare -n words=$name
  [ -z "${words+set}" ] || printf "$name %s\0" "${words[@]}"
done`)
	command.Dir = folder
	out, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("bash: %v: %s", err, out)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 1 {
		t.Errorf("reading the input made files: %v, error %v", entries, err)
	}
	words := map[string][]string{}
	for word := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		name, value, _ := strings.Cut(word, " ")
		words[name] = append(words[name], value)
	}
	return words
}

func TestInitSystemReadByBash(t *testing.T) {
	got := sourced(t, InitSystem(cluster(t, 2, 1, true, true), "C", "250", nil).Files[0].Content)
	want := map[string][]string{
		"ENCODING":         {"UNICODE"},
		"HBA_HOSTNAMES":    {"0"},
		"QD_PRIMARY_ARRAY": {"demo-coordinator-0~demo-coordinator-0~5432~/greenplum/coordinator/gpseg-1~1~-1"},
		"PRIMARY_ARRAY": {
			"demo-primary-0~demo-primary-0~40000~/greenplum/primary/gpseg0~2~0",
			"demo-primary-1~demo-primary-1~40000~/greenplum/primary/gpseg1~3~1",
		},
		"MIRROR_ARRAY": {
			"demo-mirror-0~demo-mirror-0~50000~/greenplum/mirror/gpseg0~4~0",
			"demo-mirror-1~demo-mirror-1~50000~/greenplum/mirror/gpseg1~5~1",
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if without := sourced(t, InitSystem(cluster(t, 1, 1, false, false), "C", "250", nil).Files[0].Content); without["MIRROR_ARRAY"] != nil {
		t.Errorf("without mirrors the array is %q: gpinitsystem would take it for a mirrored cluster", without["MIRROR_ARRAY"])
	}
}

// No value gets out of its place: whatever is in it, bash reads it back as it was and runs nothing.
func TestInitSystemHostileValues(t *testing.T) {
	hostile := []string{
		`/a b`, `/a'b`, `/a"b`, "/$(touch made)", "/`touch made`", `/\`, `/'"'"'; touch made; '`, "/a\nb", `/*`, `/!x`, `/~`, `/ä`, ``, `')`, `# x`,
	}
	var given topology.Topology
	given.Instances = append(given.Instances, topology.Instance{DBID: 1, Content: -1, Role: topology.Primary, Host: "h", Port: 5432, Dir: hostile[4]})
	var want []string
	for i, value := range hostile {
		instance := topology.Instance{DBID: int32(i) + 2, Content: int32(i), Role: topology.Primary, Host: value, Port: 1, Dir: value}
		given.Instances = append(given.Instances, instance)
		want = append(want, entry(instance))
	}
	got := sourced(t, InitSystem(given, "C", "250", nil).Files[0].Content)
	if diff := cmp.Diff(want, got["PRIMARY_ARRAY"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// gpinitsystem would spoil some values on their way to the segments.
func TestSurvivesInitSystem(t *testing.T) {
	for value, want := range map[string]bool{"two words": false, "it's": false, `"$user", public`: false, "": false, "1\nfsync=off": false,
		"a/b": false, "read committed": false, "125MB": true, "1.10": true, "-1": true, "off": true} {
		if got := SurvivesInitSystem(value); got != want {
			t.Errorf("%q: %t", value, got)
		}
	}
	utility := InitSystem(cluster(t, 1, 1, false, false), "C", "250", []Setting{{"g", "125MB"}, {"k", "off"}})
	if got, want := utility.Files[1].Content, "g=125MB\nk=off\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if none := InitSystem(cluster(t, 1, 1, false, false), "C", "250", nil); len(none.Files) != 1 || slices.Contains(none.Argv, "-p") {
		t.Errorf("with nothing to set: %q and %d files", none.Argv, len(none.Files))
	}
}

func TestUtilities(t *testing.T) {
	standby, _ := cluster(t, 1, 1, true, true).Standby()
	for want, utility := range map[string]Utility{
		"gpinitstandby -a -s demo-coordinator-1 -P 5432 -S /greenplum/coordinator/gpseg-1": InitStandby(standby),
		"gpinitstandby -a -r":  RemoveStandby(),
		"gpstop -a -M fast":    Gpstop("fast"),
		"gpstart -a":           Gpstart(),
		"gpstop -a -r -M fast": Gprestart(),
		`gpconfig --skipvalidation -c search_path -v '"\044user"' -m '"\044user"'`: Gpconfig(RoleSetting{"search_path", `"$user"`, `"$user"`}, false),
		"gpconfig --skipvalidation -c wal_sync_method -v 'fsync' -m 'fdatasync'":   Gpconfig(RoleSetting{"wal_sync_method", "fdatasync", "fsync"}, true),
		"gpconfig -r work_mem":                         GpconfigRemove("work_mem", false),
		"gpconfig --skipvalidation -r wal_sync_method": GpconfigRemove("wal_sync_method", true),
		"gpstop -a -u":                                 Gpreload(),
		"gpconfig -c shared_buffers -v 64MB -m 128MB":  Gpconfig(RoleSetting{"shared_buffers", "128MB", "64MB"}, false),
	} {
		if got := strings.Join(utility.Argv, " "); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
