package backup

import (
	"slices"
	"testing"
	"time"

	"gpk/pkg/segments"
)

func names(backups []Backup) []string {
	var all []string
	for _, b := range backups {
		all = append(all, b.Timestamp)
	}
	return all
}

func TestPrunable(t *testing.T) {
	all := []Backup{
		{Timestamp: "20260131050000", Database: "a", State: Incomplete},
		{Timestamp: "20260131040000", Database: "a", State: Complete, Incremental: true, Needs: []string{"20260101040000"}},
		{Timestamp: "20260130040000", Database: "a", State: Failed},
		{Timestamp: "20260129040000", Database: "b", State: Complete},
		{Timestamp: "20260110040000", Database: "a", State: Complete},
		{Timestamp: "20260101040000", Database: "a", State: Complete},
		{Timestamp: "20251201040000", State: Unreadable},
	}
	now := time.Date(2026, 1, 31, 6, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		last, days int
		want       []string
	}{
		{1, 0, []string{"20260131050000", "20260130040000", "20260110040000"}},
		{2, 0, []string{"20260131050000", "20260130040000"}},
		{0, 1, []string{"20260130040000", "20260129040000", "20260110040000"}},
		{1, 365, nil},
	} {
		if got := names(Prunable(all, test.last, test.days, now)); !slices.Equal(got, test.want) {
			t.Errorf("--keep-last %d --keep-days %d: %q, want %q", test.last, test.days, got, test.want)
		}
	}
}

func TestCompared(t *testing.T) {
	tables := []segments.BackedUpTable{{Name: "s.same", Rows: 3}, {Name: "s.less", Rows: 3}, {Name: "s.gone", Rows: 1}, {Name: "s.everywhere", Rows: 8}}
	counted := map[string]segments.TableCount{"s.same": {Rows: 3}, "s.less": {Rows: 2}, "s.everywhere": {Rows: 2, Replicated: true}}
	v := compared(Backup{Timestamp: "20260131040000", Segments: 4}, tables, counted)
	if want := []string{"s.less has 2 rows, and gpbackup counted 3", "s.gone was not restored"}; !slices.Equal(v.Different, want) {
		t.Errorf("%q", v.Different)
	}
	if v.Tables != 4 || v.Rows != 7 {
		t.Errorf("%+v", v)
	}
}

func TestMissingTables(t *testing.T) {
	toc := segments.BackupTOC{Tables: []segments.BackedUpTable{{Name: `public."My"`}, {Name: "public.sales_1_prt_2"}}}
	if got := missingTables([]string{"public.My", "public.sales", "public.sale"}, toc); !slices.Equal(got, []string{"public.sale"}) {
		t.Errorf("%q", got)
	}
}

// A configuration that says success is not enough: gpbackup stores its report last.
func TestState(t *testing.T) {
	const config = "timestamp: \"20260131040000\"\ndatabasename: a\nstatus: "
	report := []string{"gpbackup_20260131040000_report"}
	for _, test := range []struct {
		text  string
		files []string
		want  string
	}{
		{config + "Success", report, Complete},
		{config + "Success", nil, Incomplete},
		{config + "Failure", report, Failed},
		{config + "\"In Progress\"", report, Failed},
		{"timestamp: \"20260131040001\"\ndatabasename: a\n", report, Unreadable},
		{"\x00", report, Unreadable},
	} {
		b := Backup{Timestamp: "20260131040000", State: Incomplete}.with([]byte(test.text), test.files)
		if b.State != test.want || (b.Why == "") != (b.State == Complete || test.files == nil) {
			t.Errorf("%q with %q: %s: %s", test.text, test.files, b.State, b.Why)
		}
	}
}
