package segments_test

import (
	"slices"
	"testing"

	"gpk/pkg/segments"
)

// As gpbackup 2.1.0 has written it on Greenplum 7.1.0.
const backupConfig = `backupversion: 2.1.0
compressed: true
compressiontype: gzip
databasename: '"my ""Db"'
databaseversion: PostgreSQL 12.12 (Greenplum Database 7.1.0 build dev) on x86_64-pc-linux-gnu,
  compiled by gcc
segmentcount: 2
incremental: true
leafpartitiondata: true
restoreplan:
- timestamp: "20261130204202"
  tablefqns:
  - public.ao1
- timestamp: "20261130204228"
  tablefqns:
  - public.t1
timestamp: "20261130204228"
status: Success
`

func TestParseBackupConfig(t *testing.T) {
	c, err := segments.ParseBackupConfig([]byte(backupConfig))
	if err != nil {
		t.Fatal(err)
	}
	if c.DatabaseName != `my "Db` || c.Release() != "7.1.0" || c.Failed() || !slices.Equal(c.Needs(), []string{"20261130204202"}) {
		t.Errorf("%+v, release %s, needs %q", c, c.Release(), c.Needs())
	}
	for _, wrong := range []string{"", "a: [", "timestamp: x\ndatabasename: a\n", "timestamp: \"20261130204228\"\n"} {
		if _, err := segments.ParseBackupConfig([]byte(wrong)); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

func TestBackupBase(t *testing.T) {
	c, err := segments.ParseBackupConfig([]byte(backupConfig))
	if err != nil {
		t.Fatal(err)
	}
	same := segments.BackupRequest{Compression: "gzip"}
	if !c.Base(`my "Db`, same, 2) {
		t.Error("an increment of the same request was refused")
	}
	filtered := segments.BackupRequest{Compression: "gzip", Filter: segments.Filter{ExcludeSchemas: []string{"s"}}}
	switch {
	case c.Base(`my "Db`, same, 3):
		t.Error("gprestore cannot restore an increment of backups from different numbers of segments")
	case c.Base("other", same, 2):
		t.Error("another database")
	case c.Base(`my "Db`, filtered, 2):
		t.Error("another filter")
	case c.Base(`my "Db`, segments.BackupRequest{Compression: "none"}, 2), c.Base(`my "Db`, segments.BackupRequest{Compression: "zstd"}, 2):
		t.Error("another compression")
	}
	c.Status = "Failure"
	if c.Base(`my "Db`, same, 2) {
		t.Error("a failed backup")
	}
}

func TestMissingFiles(t *testing.T) {
	toc, err := segments.ParseTOC([]byte("globalentries:\n- {name: gpadmin, objecttype: ROLE}\n- {name: gpadmin, objecttype: ROLE}\n" +
		"dataentries:\n- {schema: public, name: t1, oid: 16390, rowscopied: 20000}\n- {schema: '\"o d\"', name: t, oid: 16400, rowscopied: 1}\n"))
	if err != nil || !slices.Equal(toc.Roles, []string{"gpadmin"}) || len(toc.Tables) != 2 || toc.Tables[1].Name != `"o d".t` {
		t.Fatalf("%+v: %v", toc, err)
	}
	c := segments.BackupConfig{Timestamp: "20261130204228", SegmentCount: 2}
	const name = "gpbackup_20261130204228_"
	files := []string{name + "toc.yaml", name + "report", name + "metadata.sql", name + "config.yaml", "gpbackup_0_20261130204228_16390.gz",
		"gpbackup_1_20261130204228_16390.zst", "gpbackup_0_20261130204228_16400"}
	if missing := segments.MissingFiles(c, toc, files); !slices.Equal(missing, []string{"gpbackup_1_20261130204228_16400"}) {
		t.Errorf("%q", missing)
	}
	c.SingleDataFile = true
	if missing := segments.MissingFiles(c, toc, files); len(missing) != 4 {
		t.Errorf("%q", missing)
	}
	c.MetadataOnly = true
	if missing := segments.MissingFiles(c, toc, files[1:]); !slices.Equal(missing, []string{name + "toc.yaml"}) {
		t.Errorf("%q", missing)
	}
}

func TestReportedSize(t *testing.T) {
	for report, want := range map[string]int64{"x\ndatabase size:         64 MB\n": 64 << 20, "database size:  12 kB\n": 12 << 10, "": 0, "database size: 5 XB\n": 0} {
		if got := segments.ReportedSize([]byte(report)); got != want {
			t.Errorf("%q: %d", report, got)
		}
	}
}

func TestIsTimestamp(t *testing.T) {
	for text, want := range map[string]bool{"20260131040000": true, "20261331040000": false, "2026013104000": false, "../0131040000/..": false} {
		if segments.IsTimestamp(text) != want {
			t.Error(text)
		}
	}
}
