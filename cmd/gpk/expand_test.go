package main

import (
	"testing"
	"time"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

func TestParseUntil(t *testing.T) {
	now := time.Date(2026, 11, 22, 18, 30, 0, 0, time.FixedZone("CET", 3600))
	tests := map[string]string{
		"":                     "0001-01-01T00:00:00Z",
		"06:00":                "2026-11-23T06:00:00+01:00",
		"18:31":                "2026-11-22T18:31:00+01:00",
		"18:30":                "2026-11-23T18:30:00+01:00",
		"2026-11-24 02:15":     "2026-11-24T02:15:00+01:00",
		"2026-11-22T18:00:00Z": "2026-11-22T18:00:00Z",
	}
	for text, want := range tests {
		if at, err := parseUntil(text, now); err != nil || at.Format(time.RFC3339) != want {
			t.Errorf("%q: %s, %v, want %s", text, at.Format(time.RFC3339), err, want)
		}
	}
	for _, wrong := range []string{"2026-11-22 18:00", "tomorrow", "2h"} {
		if _, err := parseUntil(wrong, now); status(err) != exitUsage {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

func TestExpandFlags(t *testing.T) {
	right := []expandFlags{
		expanding(4, 1, 0),
		{ExpandOptions: expanding(0, 96, time.Hour).ExpandOptions, resume: true},
		{ExpandOptions: expanding(0, 1, 0).ExpandOptions, rollback: true},
	}
	for _, f := range right {
		if err := f.check(time.Now()); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
	wrong := []expandFlags{
		expanding(0, 1, 0),
		{ExpandOptions: expanding(4, 1, 0).ExpandOptions, resume: true},
		expanding(-1, 1, 0),
		expanding(4, 97, 0),
		expanding(4, 1, -time.Hour),
		{ExpandOptions: expanding(4, 1, 0).ExpandOptions, until: "tomorrow"},
	}
	for _, f := range wrong {
		if err := f.check(time.Now()); status(err) != exitUsage {
			t.Errorf("%+v: %v", f, err)
		}
	}
}

func expanding(segments int32, parallel int, limit time.Duration) expandFlags {
	return expandFlags{ExpandOptions: apply.ExpandOptions{Segments: segments, Bounds: apply.Bounds{Parallel: parallel, Limit: limit}}}
}

func TestExpandedText(t *testing.T) {
	moving := &segments.Expansion{Status: "EXPANSION STOPPED", Tables: 10, TablesLeft: 4, Bytes: 4096, BytesLeft: 1024}
	changed := apply.Operated{Outcome: apply.Outcome{Changed: 5}, ClusterYAML: []plan.Difference{{Field: "spec.segments.count", From: "2", To: "4"}}}
	const file = "to change in cluster.yaml:\n  spec.segments.count: 2 → 4\n"
	tests := map[string]struct {
		analyzed bool
		answer   apply.Expanded
		want     string
	}{
		"nothing to do": {false, apply.Expanded{Segments: 4}, "nothing to do: demo has 4 segments\n"},
		"all is moved": {false, apply.Expanded{Operated: changed, Segments: 4}, "demo has 4 segments; all rows are redistributed\n" +
			"the tables' statistics are out of date: run in each database `gpk psql -d DATABASE -n other --cluster demo -- -c analyze`\n" + file},
		"and analyzed": {true, apply.Expanded{Operated: changed, Segments: 4}, "demo has 4 segments; all rows are redistributed\n" + file},
		"rows are left": {true, apply.Expanded{Operated: changed, Segments: 4, Redistribution: moving},
			"demo has 4 segments; rows redistributed: 6 of 10 tables, 3.0 KiB of 4.0 KiB\ncontinue with: gpk expand --resume -n other --cluster demo\n" + file},
		"and nothing changed": {false, apply.Expanded{Segments: 4, Redistribution: moving},
			"demo has 4 segments; rows redistributed: 6 of 10 tables, 3.0 KiB of 4.0 KiB\ncontinue with: gpk expand --resume -n other --cluster demo\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if got := aimedElsewhere(streams{}).expandedText("demo", test.analyzed, test.answer); got != test.want {
				t.Errorf("%s\nwant: %s", got, test.want)
			}
		})
	}
}

// What --redistribute-until and --redistribute-for say is in the options, whichever of them is given.
func TestExpandBounds(t *testing.T) {
	now := time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)
	f := expanding(4, 2, 0)
	f.until = "06:00"
	if err := f.check(now); err != nil || !f.Bounds.Until.Equal(now.Add(11*time.Hour+30*time.Minute)) || f.Bounds.Parallel != 2 {
		t.Errorf("%v: %+v", err, f.Bounds)
	}
	f = expanding(4, 1, 2*time.Hour)
	if err := f.check(now); err != nil || !f.Bounds.Until.IsZero() || f.Bounds.Limit != 2*time.Hour {
		t.Errorf("%v: %+v", err, f.Bounds)
	}
}
