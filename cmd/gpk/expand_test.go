package main

import (
	"testing"
	"time"

	"gpk/pkg/apply"
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
