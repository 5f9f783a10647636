//go:build e2e

package e2e

import (
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestDiff compares files with a cluster before it is there, while it is as its file says, and when either has changed.
func TestDiff(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	c.wantDifferences(c.file, "StatefulSet/demo-primary is missing", "gpk create -f "+c.file)
	refused := c.changed("refused.yaml", patched(unmounted)...)
	c.wantDifferences(refused, "the API server refuses StatefulSet/demo-primary")
	c.gpk("create", "-f", refused, "--dry-run").want(t, 3)
	c.wantSame(empty)

	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantNoDifferences(c.file)

	before := c.settled()
	other := c.changed("larger.yaml", "count: 1", "count: 2", "memory: 256Mi", "memory: 300Mi")
	expand := "spec.segments.count: 1 → 2"
	c.wantDifferences(other, expand, "gpk expand --segments 2", "spec.segments.resources.requests[memory]: 256Mi → 300Mi", "gpk resize")
	for _, args := range [][]string{{"-f", other}, {"-f", other, "--update"}, {"-f", other, "--dry-run"}} {
		c.gpk(append([]string{"create"}, args...)...).want(t, 2).says(t, expand, "gpk expand --segments 2", "gpk resize", "nothing was changed")
	}
	c.wantSame(before)

	// Somebody else changes an object; the file's own create brings it back.
	_, err := shared.Client.CoreV1().ConfigMaps(c.namespace).Patch(c.ctx, "demo-scripts", types.MergePatchType,
		[]byte(`{"data":{"ready.sh":"#!/bin/bash\nexit 0\n"}}`), metav1.PatchOptions{FieldManager: "somebody"})
	c.must(nil, err)
	c.wantDifferences(c.file, "ConfigMap/demo-scripts data[ready.sh]", "gpk create -f "+c.file)
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantNoDifferences(c.file)
	c.settingsByHand()
}

// settingsByHand changes settings past gpk: with gpconfig, with ALTER SYSTEM and in an editor. diff names each with the command that
// takes it back, and after that command there is nothing to tell.
func (c *cluster) settingsByHand() {
	c.t.Helper()
	again := []string{"gpk config set work_mem=48MB -n " + c.namespace}
	c.gpk("config", "set", "work_mem=48MB").want(c.t, 0)
	file := c.changed("set.yaml", "name: analytics\n", "name: analytics\n    config: {work_mem: 48MB}\n")
	c.wantNoDifferences(file)
	for _, hand := range []struct {
		change func()
		found  string
	}{
		{func() {
			c.in(coordinator, environment+"export COORDINATOR_DATA_DIRECTORY="+coordinatorDir+" MASTER_DATA_DIRECTORY="+coordinatorDir+"; gpconfig -c work_mem -v 64MB && gpstop -a -u")
		}, "work_mem is 64MB instead of 48MB on the coordinator in pod demo-coordinator-0 and 1 more"},
		{func() {
			c.sql("postgres", "alter system set work_mem = '96MB'")
			c.sql("postgres", "select pg_reload_conf()")
		}, "work_mem is 96MB by ALTER SYSTEM instead of 48MB on the coordinator in pod demo-coordinator-0"},
		{func() { c.in("demo-primary-0", "echo work_mem=5MB >>/greenplum/primary/gpseg0/postgresql.conf") },
			"work_mem is 5MB instead of 48MB on content 0 in pod demo-primary-0"},
	} {
		hand.change()
		c.wantDifferences(file, append(again, hand.found)...)
		c.gpk("config", "set", "work_mem=48MB").want(c.t, 0)
		c.wantNoDifferences(file)
		c.wantSetting(small(), "work_mem", "48MB", "48MB")
	}

	// A setting that counts from a restart on is in the files, and not yet what the instances run with.
	c.gpk("config", "set", "work_mem=DEFAULT", "max_connections=60").want(c.t, 0)
	file = c.changed("waiting.yaml", "name: analytics\n", "name: analytics\n    config: {max_connections: 60}\n")
	c.wantDifferences(file, "max_connections waits for a restart", "gpk restart")
	c.gpk("restart").want(c.t, 0)
	c.wantNoDifferences(file)
}

// TestUpdate changes what create itself can change, but only when it is told to.
func TestUpdate(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	c.gpk("create", "-f", c.file).want(t, 0)
	before := c.settled()
	other := c.changed("clients.yaml", `hba: ["`, `hba: ["host all auditor all scram-sha-256", "`)
	c.gpk("create", "-f", other).want(t, 2).says(t, "spec.database.hba", "gpk create -f "+other+" --update")
	unadmitted := c.changed("unadmitted.yaml", append(patched(unmounted), `hba: ["`, `hba: ["host all auditor all scram-sha-256", "`)...)
	c.gpk("create", "-f", unadmitted, "--update").want(t, 1).says(t, "step admissible", "StatefulSet/demo-", "Not found", "nothing was changed")
	c.wantSame(before)
	c.gpk("create", "-f", other, "--update").want(t, 0)
	c.wantNoDifferences(other)
	if lines := strings.TrimSpace(c.in("demo-coordinator-0", "grep -c auditor "+coordinatorDir+"/pg_hba.conf")); lines != "1" {
		t.Errorf("pg_hba.conf has %s lines for the auditor", lines)
	}
	c.wantDifferences(c.file, "spec.database.hba")

	// What only the server knows to be wrong: it must not be left for its next start.
	const mixed = "host all all all ldap ldapserver=x ldapbasedn=y ldapprefix=z"
	refused := c.changed("refused.yaml", `hba: ["`, `hba: ["`+mixed+`", "`)
	c.gpk("create", "-f", refused, "--update").want(t, 1).says(t, mixed, "gpk has restored the previous file", "spec.database.hba")
	c.gpk("restart").want(t, 0)
	c.gpk("create", "-f", other, "--update").want(t, 0)
	c.wantNoDifferences(other)

	// Yes is an answer, but names no cluster.
	c.gpk("delete", "--delete-data", "--yes").want(t, 2).says(t, "--confirm demo")
	c.gpk("delete", "--cluster", name, "--delete-data", "--yes").want(t, 0)
}

// TestMendedImage gives an image that cannot be had, and then the right one: the pods that wait for the first are made anew.
// The volumes are made by then, so that what they were made for can't change any more.
func TestMendedImage(t *testing.T) {
	t.Parallel()
	s := small()
	s.image = "registry.invalid/greenplum:7.1.0"
	c := newCluster(t, s)
	broken, err := os.ReadFile(c.file)
	c.must(nil, err)
	c.startAs(c.unlooked(), "-n", c.namespace, "create", "-f", c.file).wait().want(t, 1)

	c.must(nil, os.WriteFile(c.file, []byte(c.yaml(small())), 0o600))
	larger := c.changed("larger.yaml", "size: 1Gi", "size: 2Gi")
	c.gpk("create", "-f", larger).want(t, 2).says(t, "storage.size: 1Gi → 2Gi", "gpk delete --delete-data")
	c.gpk("create", "-f", c.file).want(t, 0)
	c.wantWhole(small())
	c.wantNoDifferences(c.file)
	c.must(nil, os.WriteFile(c.file, broken, 0o600))
	c.gpk("create", "-f", c.file).want(t, 2).says(t, "gpk upgrade --version 7.1.0 --image registry.invalid/greenplum:7.1.0")
}

// changed is a copy of cluster.yaml with words replaced by others.
func (c *cluster) changed(file string, oldNew ...string) string {
	c.t.Helper()
	text, err := os.ReadFile(c.file)
	c.must(nil, err)
	changed := strings.NewReplacer(oldNew...).Replace(string(text))
	if changed == string(text) {
		c.t.Fatalf("cluster.yaml has none of %q", oldNew)
	}
	path := c.home + "/" + file
	c.must(nil, os.WriteFile(path, []byte(changed), 0o600))
	return path
}

func (c *cluster) wantDifferences(file string, words ...string) {
	c.t.Helper()
	r := c.gpk("diff", "-f", file).want(c.t, 3)
	for _, word := range words {
		if !strings.Contains(r.stdout, word) {
			c.t.Errorf("%q is not among the differences:\n%s", word, r.stdout)
		}
	}
}

func (c *cluster) wantNoDifferences(file string) {
	c.t.Helper()
	r := c.gpk("diff", "-f", file)
	if r.status != 0 || strings.TrimSpace(r.stdout) != "no differences" {
		c.t.Errorf("gpk diff: exit status %d:\n%s%s", r.status, r.stdout, r.stderr)
	}
}
