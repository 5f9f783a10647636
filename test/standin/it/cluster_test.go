// Package it tests the stand-in's image as a cluster of hosts. It runs as root,
// and only with STANDIN_IT=1.
package it

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gpk/test/standin/internal/testbed"
)

// The shape: two primaries, their mirrors and a standby, a host each.
var names = []string{"demo-coordinator-0", "demo-coordinator-1", "demo-primary-0", "demo-primary-1", "demo-mirror-0", "demo-mirror-1"}

const input = `TRUSTED_SHELL=ssh
ENCODING=UTF-8
HBA_HOSTNAMES=1
QD_PRIMARY_ARRAY=%[1]s~%[1]s~5432~/greenplum/coordinator/gpseg-1~1~-1
declare -a PRIMARY_ARRAY=(
%[2]s~%[2]s~40000~/greenplum/primary/gpseg0~2~0
%[3]s~%[3]s~40001~/greenplum/primary/gpseg1~3~1
)
declare -a MIRROR_ARRAY=(
%[4]s~%[4]s~50000~/greenplum/mirror/gpseg0~4~0
%[5]s~%[5]s~50001~/greenplum/mirror/gpseg1~5~1
)
`

const additions = `gp_vmem_protect_limit=512
statement_mem=64MB
shared_buffers=32MB
optimizer=off
gp_fts_probe_interval=60
gp_fts_mark_mirror_down_grace_period=8s
`

// cluster is a bed of hosts with a test that owns it.
type cluster struct {
	*testing.T
	bed *testbed.Bed
	ctx context.Context
}

func newCluster(t *testing.T, hosts ...string) *cluster {
	t.Helper()
	if os.Getenv("STANDIN_IT") != "1" {
		t.Skip("set STANDIN_IT=1 and run as root to test the image")
	}
	if os.Geteuid() != 0 {
		t.Fatal("the hosts of this test need root")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	t.Cleanup(cancel)
	dir := setting(t, "STANDIN_IT_DIR", "standin-it")
	base := filepath.Join(dir, "image")
	build(t, base)
	bed, err := testbed.New(ctx, filepath.Join(dir, "hosts"), base, "gpkit0", "10.231.77.", hosts)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("STANDIN_IT_KEEP") == "" {
		t.Cleanup(func() { bed.Close(context.Background()) })
	}
	if err := bed.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return &cluster{T: t, bed: bed, ctx: ctx}
}

// setting is a directory from the environment, or else one among what the
// project builds.
func setting(t *testing.T, name, otherwise string) string {
	t.Helper()
	dir := os.Getenv(name)
	if dir == "" {
		dir = filepath.Join("../../../.bench", otherwise)
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// build unpacks the image as it is now.
func build(t *testing.T, base string) {
	t.Helper()
	if err := os.RemoveAll(base); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "run", "./image", "--rootfs", base, "--cache", setting(t, "STANDIN_CACHE", "cache/standin"))
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the image: %v\n%s", err, out)
	}
}

// run runs a command on a host and wants an exit status.
func (c *cluster) run(host, command string, status int) string {
	c.Helper()
	start := time.Now()
	r, _ := c.bed.Host(host).Run(c.ctx, command)
	c.Logf("%s: %s: status %d after %.1f s", host, command, r.Status, time.Since(start).Seconds())
	if r.Status != status {
		c.Fatalf("%s on %s: status %d, not %d\n%s", command, host, r.Status, status, r.Output)
	}
	return r.Output
}

// sql asks the coordinator one thing.
func (c *cluster) sql(database, statement string) string {
	c.Helper()
	return strings.TrimSpace(c.run(coordinator, fmt.Sprintf("psql -X -v ON_ERROR_STOP=1 -qAt -d %s -c %q", database, statement), 0))
}

// eventually waits until a query in database postgres gives what is wanted.
func (c *cluster) eventually(statement, want string, within time.Duration) {
	c.Helper()
	c.eventuallyIn("postgres", statement, want, within)
}

func (c *cluster) eventuallyIn(database, statement, want string, within time.Duration) {
	c.Helper()
	got := ""
	c.until(within, statement+" to be "+want, func() bool {
		r, _ := c.bed.Host(coordinator).Run(c.ctx, fmt.Sprintf("psql -X -qAt -d %s -c %q", database, statement))
		got = strings.TrimSpace(r.Output)
		return got == want
	}, &got)
}

// until waits for something. On time-out it shows what the last looks at.
func (c *cluster) until(within time.Duration, what string, done func() bool, last ...*string) {
	c.Helper()
	deadline := time.Now().Add(within)
	for !done() {
		if time.Now().After(deadline) {
			text := ""
			for _, l := range last {
				text += "\nnow: " + *l
			}
			c.Fatalf("waited %s for %s%s", within, what, text)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func (c *cluster) contains(text, part string) {
	c.Helper()
	if !strings.Contains(text, part) {
		c.Fatalf("no %q in:\n%s", part, text)
	}
}

// writeInput puts gpinitsystem's files onto the coordinator.
func (c *cluster) writeInput() {
	c.Helper()
	f := func(name string) string { return c.bed.Host(name).FQDN() }
	text := fmt.Sprintf(input, f("demo-coordinator-0"), f("demo-primary-0"), f("demo-primary-1"), f("demo-mirror-0"), f("demo-mirror-1"))
	c.run("demo-coordinator-0", fmt.Sprintf("cat > input <<'E'\n%sE\ncat > additions <<'E'\n%sE\n", text, additions), 0)
}

func initialise(c *cluster) string {
	return "gpinitsystem -a -I input -p additions -s " + c.bed.Host("demo-coordinator-1").FQDN() + " -P 5432 -S /greenplum/coordinator/gpseg-1"
}

const rows = "select string_agg(concat_ws(' ', dbid, content, role, preferred_role, mode, status), ', ' order by dbid) from gp_segment_configuration"
