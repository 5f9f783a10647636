package apply

import (
	"errors"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

func clusterFrom(t *testing.T, version, image string) *topology.Cluster {
	t.Helper()
	c, err := topology.Load([]byte("apiVersion: gpk/v1alpha1\nkind: GreenplumCluster\nmetadata: {name: demo, namespace: analytics}\n"+
		"spec: {version: \""+version+"\", image: \""+image+"\", segments: {count: 1}}\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWithRelease(t *testing.T) {
	tests := map[string]struct{ image, given, want string }{
		"the tag is the version":     {"registry.example/greenplum", "", "registry.example/greenplum:7.2.0"},
		"the reference has the tag":  {"registry.example:5000/greenplum:7.1.0", "", "registry.example:5000/greenplum:7.2.0"},
		"another tag":                {"registry.example/greenplum:stable", "", ""},
		"another tag, and a new one": {"registry.example/greenplum:stable", "registry.example/greenplum:next", "registry.example/greenplum:next"},
	}
	for name, test := range tests {
		to, err := withRelease(clusterFrom(t, "7.1.0", test.image), "7.2.0", test.given)
		if test.want == "" {
			if err == nil || !strings.Contains(err.Error(), "--image") {
				t.Errorf("%s: %v", name, err)
			}
		} else if err != nil || to.ImageRef() != test.want || to.Spec.Version != "7.2.0" {
			t.Errorf("%s: %v, %v", name, to, err)
		}
	}
}

// An upgrade that has begun is gone on with, or taken back, by whichever command names one of its ends.
func TestUnfinishedUpgrade(t *testing.T) {
	before, after := clusterFrom(t, "7.1.0", "x/greenplum"), clusterFrom(t, "7.2.0", "x/greenplum")
	text := func(c *topology.Cluster) string {
		data, err := yaml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	m := Made{Ref: plan.Ref{Namespace: "analytics", Name: "demo"}, Cluster: before, Record: record.Record{
		Unfinished: &record.Unfinished{Operation: "upgrade", Resume: "gpk upgrade --version 7.2.0", Undo: rollbackCommand().String(), From: text(before), To: text(after)}}}
	for version, want := range map[string]struct {
		to   string
		undo bool
	}{"7.2.0": {"7.2.0", false}, "7.1.0": {"7.1.0", true}} {
		u, err := upgradeTo(m, version, "")
		if err != nil || u.to.Spec.Version != want.to || u.undo != want.undo || !u.begun {
			t.Errorf("%s: %+v, %v", version, u, err)
		}
	}
	if _, err := upgradeTo(m, "7.3.0", ""); err == nil || !strings.Contains(err.Error(), "is unfinished") {
		t.Errorf("a third release: %v", err)
	}
	u, err := rollbackOf(m)
	if err != nil || u.to.Spec.Version != "7.1.0" || !u.undo {
		t.Errorf("taken back: %+v, %v", u, err)
	}
	o, err := u.operation(m)
	if err != nil || o.run.Fallback != nil || o.run.Conclude != nil || o.run.Begun != m.Record.Unfinished {
		t.Errorf("taken back there is nothing to fall back on, and nothing to take back: %+v, %v", o, err)
	}

	// A rollback that has begun is gone on with by the same command.
	m.Cluster, m.Record.Unfinished = after, &record.Unfinished{Operation: "upgrade", Resume: rollbackCommand().String(), From: text(after), To: text(before)}
	if u, err = rollbackOf(m); err != nil || u.to.Spec.Version != "7.1.0" || u.undo || !u.rollback {
		t.Errorf("rollback resumed: %+v, %v", u, err)
	}
	m.Record = record.Record{}
	if u, err = rollbackOf(m); err != nil || u != nil {
		t.Errorf("nothing to take back: %+v, %v", u, err)
	}
}

// The commands that are told lead to both ends whatever the images are called: the record names them, and the version alone
// need not.
func TestToldUpgradeCommands(t *testing.T) {
	const one, two = "x/greenplum@sha256:1111111111111111111111111111111111111111111111111111111111111111",
		"x/greenplum@sha256:2222222222222222222222222222222222222222222222222222222222222222"
	tests := map[string]struct{ version, before, after, resume, undo string }{
		"tags that are the release": {"7.2.0", "x/greenplum:7.1.0", "x/greenplum:7.2.0", "--version 7.2.0", "--version 7.1.0"},
		"no tags":                   {"7.2.0", "x/greenplum", "x/greenplum", "--version 7.2.0", "--version 7.1.0"},
		"digests":                   {"7.2.0", one, two, "--version 7.2.0 --image " + two, "--version 7.1.0 --image " + one},
		"tags of their own":         {"7.2.0", "x/greenplum:old", "x/greenplum:new", "--version 7.2.0 --image x/greenplum:new", "--version 7.1.0 --image x/greenplum:old"},
		"the same release":          {"7.1.0", one, two, "--version 7.1.0 --image " + two, "--version 7.1.0 --image " + one},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			before := clusterFrom(t, "7.1.0", test.before)
			m := Made{Ref: plan.Ref{Namespace: "analytics", Name: "demo"}, Cluster: before}
			u, err := upgradeTo(m, test.version, test.after)
			if err != nil {
				t.Fatal(err)
			}
			back := upgrade{from: u.to, to: u.from, rollback: true}
			for _, u := range []*upgrade{u, &back} {
				begun, err := u.unfinished(m)
				if err != nil {
					t.Fatal(err)
				}
				there, back := begun.Resume, begun.Undo
				if u.rollback {
					there, back = back, there
				}
				if there != "gpk upgrade "+test.resume || back != rollbackCommand().String() {
					t.Errorf("told, rollback %t: %s, and %s", u.rollback, there, back)
				}
				amid := m
				amid.Record.Unfinished = begun
				for command, want := range map[string]string{test.resume: test.after, test.undo: test.before, "--version 7.2.0": test.after} {
					words := append(strings.Fields(command), "", "")
					if command == "--version 7.2.0" && test.version != "7.2.0" {
						continue
					}
					if again, err := upgradeTo(amid, words[1], words[3]); err != nil || !again.begun || again.to.Spec.Image != want {
						t.Errorf("%s, rollback %t: %+v, %v", command, u.rollback, again, err)
					}
				}
			}
		})
	}
}

func TestUpgradeKeepsWhereItCameFrom(t *testing.T) {
	before := clusterFrom(t, "7.1.0", "x/greenplum")
	m := Made{Ref: plan.Ref{Namespace: "analytics", Name: "demo"}, Cluster: before}
	for version, want := range map[string]*record.Release{"7.2.0": {Version: "7.1.0", Image: "x/greenplum"}, "7.1.0": {Version: "7.0.0"}} {
		u, err := upgradeTo(m, version, "")
		if err != nil {
			t.Fatal(err)
		}
		o, err := u.operation(m)
		if err != nil || o.run.Fallback == nil {
			t.Fatalf("%s: no way back: %v", version, err)
		}
		r := record.Record{Previous: &record.Release{Version: "7.0.0"}}
		if o.run.Conclude != nil {
			o.run.Conclude(&r)
		}
		if *r.Previous != *want {
			t.Errorf("after %s it came from %+v", version, *r.Previous)
		}
	}
}

func TestConfigured(t *testing.T) {
	var unusable UsageError
	c := clusterFrom(t, "7.1.0", "x/greenplum")
	c.Spec.Database.Config = map[string]topology.Setting{"Work_Mem": "32MB", "fsync": "on"}
	to, err := configured(c, []segments.Setting{{Name: "work_mem", Value: "64MB"}, {Name: "fsync", Value: plan.SettingDefault}})
	if err != nil || len(to.Spec.Database.Config) != 1 || to.Spec.Database.Config["work_mem"] != "64MB" {
		t.Errorf("%v, %v", to, err)
	}
	if c.Spec.Database.Config["Work_Mem"] != "32MB" {
		t.Error("the cluster from before was changed")
	}
	if _, err := configured(c, []segments.Setting{{Name: "port", Value: "1"}}); !errors.As(err, &unusable) {
		t.Errorf("a setting that is gpk's: %v", err)
	}
}

// config set refuses what undoes a guarantee, and takes it out of a cluster that was made with it.
func TestGuaranteesAreKept(t *testing.T) {
	made := clusterFrom(t, "7.1.0", "g")
	for name, value := range map[string]string{"synchronous_commit": "off", "wal_sender_timeout": "10s", "update_process_title": "off"} {
		_, err := configured(made, []segments.Setting{{Name: name, Value: value}})
		if _, refused := errors.AsType[UsageError](err); !refused || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: error %v", name, value, err)
		}
	}
	made.Spec.Database.Config = map[string]topology.Setting{"synchronous_commit": "local", "fsync": "off"}
	if _, err := withRelease(made, "7.2.0", "g:7.2.0"); err != nil {
		t.Errorf("an upgrade of a cluster of an earlier gpk: %v", err)
	}
	if to, err := configured(made, []segments.Setting{{Name: "fsync", Value: plan.SettingDefault}}); err != nil || len(to.Spec.Database.Config) != 1 {
		t.Errorf("%+v, error %v", to, err)
	}
}
