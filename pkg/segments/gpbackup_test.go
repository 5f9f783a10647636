package segments_test

import (
	"slices"
	"strings"
	"testing"

	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

func TestParseBackupPrograms(t *testing.T) {
	found, err := segments.ParseBackupPrograms("program gpbackup 1.30.5\nprogram gprestore 1.30.5\nprogram gpbackup_helper absent\n" +
		"program gpbackup_s3_plugin absent\nplugin \nresize yes\nend\n")
	if err != nil || !found.Resize || !slices.Equal(found.Missing(), []string{"gpbackup_helper", "gpbackup_s3_plugin"}) {
		t.Errorf("%+v %q: %v", found, found.Missing(), err)
	}
	if _, err := segments.ParseBackupPrograms("program gpbackup 1.30.5\n"); err == nil {
		t.Error("an answer that was cut off was taken")
	}
}

// gpbackup copies the plugin's configuration to disks and into the bucket.
func TestConfigureBackupHidesTheKey(t *testing.T) {
	c := &topology.Cluster{Metadata: topology.Metadata{Name: "demo", Namespace: "analytics"}}
	c.Spec.Backup = &topology.Backup{Storage: topology.BackupStorage{S3: &topology.S3{Endpoint: "http://s3:7070", Bucket: "backups"}}}
	files, err := segments.ConfigureBackup(c, segments.BucketKey{ID: "the-id", Secret: "the-secret", CA: "PEM"}, "/bin/gpbackup_s3_plugin")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if has := strings.Contains(file.Content, "the-"); has != (file.Name == "credentials") {
			t.Errorf("%s: %s", file.Name, file.Content)
		}
		if file.Name == "plugin.yaml" {
			for _, want := range []string{"AWS_CA_BUNDLE=/dev/shm/", "folder: analytics/demo", `encryption: "off"`, "endpoint: http://s3:7070"} {
				if !strings.Contains(strings.Join(strings.Fields(file.Content), " "), want) {
					t.Errorf("%s is not in %s", want, file.Content)
				}
			}
		}
	}
}

func TestBackupArguments(t *testing.T) {
	r := segments.BackupRequest{Jobs: 8, Compression: "zstd", Level: 3, Filter: segments.Filter{IncludeTables: []string{`public.my "t`}}}
	want := []string{"--dbname", "my db", "--include-table", `public.my "t`, "--leaf-partition-data", "--jobs", "8", "--compression-type", "zstd",
		"--compression-level", "3", "--incremental", "--from-timestamp", "20260131040000"}
	if got := r.Arguments("my db", "20260131040000"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	r = segments.BackupRequest{Jobs: 8, Compression: "none", SingleFile: true}
	want = []string{"--dbname", "a", "--leaf-partition-data", "--single-data-file", "--no-compression"}
	if got := r.Arguments("a", ""); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	restore := segments.RestoreRequest{Timestamp: "20260131040000", Into: "b", CreateDatabase: true, Tables: []string{"s.t"}, Jobs: 4, Resize: true}
	want = []string{"--timestamp", "20260131040000", "--redirect-db", "b", "--create-db", "--include-table", "s.t", "--jobs", "4", "--resize-cluster"}
	if got := restore.Arguments(); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestParseOutcomes(t *testing.T) {
	found, err := segments.ParseOutcomes("request 2 2 20260131040002\ncause 2 no bucket\ncause 2 at all\nrequest 1 0 20260131040000\nrequest 3 -1 -\nend\n")
	if err != nil || len(found) != 3 {
		t.Fatalf("%+v: %v", found, err)
	}
	if found[0].Timestamp != "20260131040000" || found[0].Status != 0 || found[2].Status != -1 || found[2].Timestamp != "" {
		t.Errorf("%+v", found)
	}
	if !slices.Equal(found[1].Causes, []string{"no bucket", "at all"}) {
		t.Errorf("%q", found[1].Causes)
	}
	for _, wrong := range []string{"request 1 0 20260131040000\n", "request x 0 -\nend\n", "request 1 x -\nend\n", "nonsense\nend\n"} {
		if _, err := segments.ParseOutcomes(wrong); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

func TestBackupProgress(t *testing.T) {
	for line, want := range map[string]string{
		`20261130:20:48:35 gpbackup:gpadmin:host:1-[DEBUG]:-Worker 1: Writing data for table public.t1 to file (table 2 of 6)`: "table 2 of 6",
		`20261130:20:48:35 gpbackup:gpadmin:host:1-[INFO]:-Data backup complete`:                                               "Data backup complete",
		`20261130:20:48:35 gpbackup:gpadmin:host:1-[DEBUG]:-CREATE ROLE someone PASSWORD 'secret'`:                             "",
	} {
		if got := segments.BackupProgress(line); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}
