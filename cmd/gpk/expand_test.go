package main

import (
	"testing"
	"time"
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
		{segments: 4, parallel: 1},
		{resume: true, parallel: 96, limit: time.Hour},
		{rollback: true, parallel: 1},
		{segments: 4, parallel: 1, none: true},
	}
	for _, f := range right {
		if err := f.check(); err != nil {
			t.Errorf("%+v: %v", f, err)
		}
	}
	wrong := []expandFlags{
		{parallel: 1},
		{segments: 4, resume: true, parallel: 1},
		{segments: -1, parallel: 1},
		{segments: 4, parallel: 97},
		{segments: 4, parallel: 1, limit: -time.Hour},
	}
	for _, f := range wrong {
		if err := f.check(); status(err) != exitUsage {
			t.Errorf("%+v: %v", f, err)
		}
	}
}
