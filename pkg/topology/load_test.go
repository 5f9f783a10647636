package topology_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/yaml"

	"gpk/pkg/topology"
	"gpk/test/golden"
)

func files(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files %s: %v", pattern, err)
	}
	return paths
}

// Every fault of a file at once, as a person sees them.
func TestLoadFaults(t *testing.T) {
	for _, path := range files(t, "testdata/faults/*.yaml") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			start := time.Now()
			_, err := topology.LoadFile(path, "default")
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
			var faults topology.Faults
			if !errors.As(err, &faults) {
				t.Fatalf("error %v, want faults", err)
			}
			golden.Compare(t, strings.TrimSuffix(path, ".yaml")+".golden", err.Error()+"\n")
		})
	}
}

func TestLoadGood(t *testing.T) {
	for _, path := range append(files(t, "testdata/good/*.yaml"), files(t, "../../testdata/*.yaml")...) {
		c, err := topology.LoadFile(path, "default")
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if err := c.Validate(); err != nil {
			t.Errorf("%s: loaded, but not valid: %v", path, err)
		}
	}
}

func TestLoadDefaults(t *testing.T) {
	c, err := topology.LoadFile("testdata/good/ten-lines.yaml", "analytics")
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprintln(c.Metadata.Namespace, c.HasStandby(), c.HasMirrors(), c.Spec.Segments.PerPod, c.Spec.Segments.AntiAffinity,
		c.Spec.Coordinator.Storage.Size, c.Spec.Database.Locale, c.Host("demo-primary-0"), c.ImageRef())
	want := "analytics true true 1 required 10Gi en_US.UTF-8 demo-primary-0 registry.example/greenplum:7.1.0\n"
	if got != want {
		t.Errorf("got  %swant %s", got, want)
	}
}

// Values keep the meaning that they have in the file.
func TestLoadValues(t *testing.T) {
	c, err := topology.LoadFile("testdata/good/everything.yaml", "default")
	if err != nil {
		t.Fatal(err)
	}
	if c.HasStandby() || c.Metadata.Namespace != "analytics" || *c.Spec.Segments.Storage.ClassName != "" {
		t.Errorf("standby %t, namespace %s, class %q", c.HasStandby(), c.Metadata.Namespace, *c.Spec.Segments.Storage.ClassName)
	}
	want := map[string]topology.Setting{
		"max_connections": "250", "optimizer": "off", "fsync": "on", "log_file_mode": "0640", "random_page_cost": "1.10",
		"search_path": `"$user", public`, "plpgsql.extra_warnings": "all",
	}
	if diff := cmp.Diff(want, c.Spec.Database.Config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	if cpu := c.Spec.PodTemplate.Spec.Containers[1].Resources.Limits.Cpu().String(); cpu != "1500m" {
		t.Errorf("the alias gives %s of cpu, want 1500m", cpu)
	}
}

// Any release of the family has three numbers. What it is, the image tells.
func TestLoadVersion(t *testing.T) {
	data, err := os.ReadFile("testdata/good/ten-lines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for version, allowed := range map[string]bool{"7.0.0": true, "7.5.4": true, "7.1.0-rc.1": true,
		"6.27.1": true, "6.27.5-WHPG": true, "2.1.0-incubating": true, "6.99.0-rc.7.0.0": true, "7": false, "7.1": false, "v7.1.0": false, "latest": false} {
		_, err := topology.Load(bytes.Replace(data, []byte(`"7.1.0"`), []byte(`"`+version+`"`), 1), "analytics")
		want := `line 6: spec.version: "` + version + `" is not allowed: give the release that the image says it is`
		switch {
		case allowed && err != nil:
			t.Errorf("%s: %v", version, err)
		case !allowed && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: error %v, want %q", version, err, want)
		}
	}
}

func TestLoadTooLarge(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cluster.yaml")
	if err := os.WriteFile(path, []byte("kind: GreenplumCluster\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 50_000_000); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	_, err := topology.LoadFile(path, "default")
	if err == nil || !strings.Contains(err.Error(), "50000000 bytes") {
		t.Errorf("error %v, want the size", err)
	}
	if took := time.Since(start); took > 100*time.Millisecond {
		t.Errorf("took %s", took)
	}
	if _, err := topology.Read(strings.NewReader(strings.Repeat("#", topology.MaxFileSize+1)), "default"); err == nil {
		t.Error("a stream that is too large was read")
	}
}

func TestFaultsShown(t *testing.T) {
	_, err := topology.Load([]byte(strings.Repeat("a: b\n", 1000)), "default")
	if lines := strings.Split(err.Error(), "\n"); len(lines) != 201 || !strings.HasPrefix(lines[200], "and ") {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestLoadFileMissing(t *testing.T) {
	if _, err := topology.LoadFile("testdata/none.yaml", "default"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v, want that the file does not exist", err)
	}
	if _, err := topology.LoadFile("testdata", "default"); err == nil || !strings.Contains(err.Error(), "directory") {
		t.Errorf("error %v, want that it is a directory", err)
	}
}

// A locale names UTF-8 or no codeset.
func TestLoadLocale(t *testing.T) {
	c, err := topology.LoadFile("testdata/good/ten-lines.yaml", "default")
	if err != nil {
		t.Fatal(err)
	}
	for locale, allowed := range map[string]bool{"C": true, "POSIX": true, "en_US": true, "en_US.UTF-8": true, "C.utf8": true, "de_DE.UTF-8@euro": true,
		"en_US.ISO-8859-1": false, "ja_JP.eucJP": false, "C.UTF-16": false} {
		c.Spec.Database.Locale = locale
		if err := c.Validate(); (err == nil) != allowed {
			t.Errorf("%s: %v", locale, err)
		}
	}
}

// Empty documents around the one are as good as none.
func TestLoadEmptyDocuments(t *testing.T) {
	data, err := os.ReadFile("testdata/good/ten-lines.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"---\n---\n" + string(data), string(data) + "---\n---\n# the end\n", "---\n" + string(data) + "...\n"} {
		if _, err := topology.Load([]byte(text), "default"); err != nil {
			t.Errorf("%q…: %v", text[:10], err)
		}
	}
}

// However broken a file is, Load says so with a line, and what it accepts is valid.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/faults/*.yaml", "testdata/good/*.yaml"} {
		paths, _ := filepath.Glob(pattern)
		for _, path := range paths {
			data, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := topology.Load(data, "default")
		var faults topology.Faults
		if err == nil {
			if err := c.Validate(); err != nil {
				t.Errorf("loaded, but not valid: %v", err)
			}
			topology.New(c)
			wantKept(t, c)
			return
		}
		if !errors.As(err, &faults) || len(faults) == 0 {
			t.Fatalf("error %v, want faults", err)
		}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Line > 1+bytes.Count(data, []byte("\n"))+bytes.Count(data, []byte("\r")) || fault.Message == "" {
				t.Errorf("fault %+v of %d lines", fault, bytes.Count(data, []byte("\n")))
			}
		}
	})
}

// wantKept fails the test unless the cluster is the same one after gpk has kept it as text, and reads that again.
func wantKept(t *testing.T, c *topology.Cluster) {
	t.Helper()
	text, err := yaml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := topology.Recorded(text, "")
	if err != nil {
		t.Fatalf("what was loaded is kept as a file with faults: %v\n%s", err, text)
	}
	if again, err := yaml.Marshal(kept); err != nil || !bytes.Equal(text, again) {
		t.Errorf("kept as\n%s\nit is read as\n%s\n%v", text, again, err)
	}
	if !equality.Semantic.DeepEqual(c, kept) {
		t.Errorf("kept, it is another cluster: %s", cmp.Diff(c, kept))
	}
}

// What only a later gpk refuses of a cluster that is there keeps nobody from working with it. What its plans are computed from
// has to be right.
func TestRecorded(t *testing.T) {
	const file = "apiVersion: gpk/v1alpha1\nkind: GreenplumCluster\nmetadata: {name: demo, namespace: analytics}\n" +
		"spec:\n  version: 7.1.0\n  image: registry.example/greenplum\n  segments: {count: %d}\n" +
		"  database: {config: {max_connections: 5}}\n  podTemplate: {spec: {dnsPolicy: Default}}\n"
	sound := []byte(fmt.Sprintf(file, 2))
	if _, err := topology.Load(sound, ""); err == nil {
		t.Error("the file has no fault, so that this test says nothing")
	}
	c, err := topology.Recorded(sound, "")
	if err != nil || c.Spec.Segments.Count != 2 || c.Spec.Segments.PerPod != 1 || c.Spec.PodTemplate == nil {
		t.Errorf("%+v, %v", c, err)
	}
	for name, text := range map[string]string{
		"counts":          fmt.Sprintf(file, 0),
		"unknown fields":  string(sound) + "  surprise: 1\n",
		"names":           strings.Replace(string(sound), "name: demo", "name: Demo", 1),
		"no name":         strings.Replace(string(sound), "name: demo, ", "", 1),
		"another kind":    strings.Replace(string(sound), "GreenplumCluster", "Deployment", 1),
		"another release": strings.Replace(string(sound), "7.1.0", "6.27", 1),
		"the image":       strings.Replace(string(sound), "registry.example/greenplum", "Greenplum", 1),
		"types":           strings.Replace(string(sound), "max_connections: 5", "max_connections: [5]", 1),
		"not YAML":        string(sound) + "  - x\n",
	} {
		if _, err := topology.Recorded([]byte(text), ""); err == nil {
			t.Errorf("%s: taken", name)
		} else if !strings.HasPrefix(err.Error(), "line ") {
			t.Errorf("%s: no line in %v", name, err)
		}
	}
}

// Everything that only Load refuses, gpk may have recorded before it knew better. What is gpk's own to compute from stays so.
func TestRecordedTakesWhatIsRefusedNow(t *testing.T) {
	rules := slices.Concat(databaseRules(), tlsRules(), hbaRules(), settingRules(), podRules(), templateRules())
	for _, rule := range rules {
		_, outside := rule.files(t)
		if _, err := topology.Recorded(outside, ""); err != nil {
			t.Errorf("%s: %v", rule.why, err)
		}
	}
}

// The namespace of the command line is for files that name none.
func TestLoadNamespace(t *testing.T) {
	named, unnamed := edited(t), edited(t, "metadata: {name: demo}")
	for _, test := range []struct {
		data []byte
		flag string
		want string
	}{{named, "other", "sales"}, {named, "", "sales"}, {unnamed, "other", "other"}, {unnamed, "Other", ""}, {unnamed, "", ""},
		{unnamed, strings.Repeat("n", 63), strings.Repeat("n", 63)}, {unnamed, strings.Repeat("n", 64), ""}} {
		c, err := topology.Load(test.data, test.flag)
		switch {
		case (err == nil) != (test.want != ""):
			t.Errorf("%q: error %v, want %q", test.flag, err, test.want)
		case err == nil && c.Metadata.Namespace != test.want:
			t.Errorf("%q: namespace %q, want %q", test.flag, c.Metadata.Namespace, test.want)
		}
	}
}
