package apply

import (
	"testing"
	"time"
)

// A bound is the command's, and not that of each gpexpand that it starts.
func TestBoundsAreFixedOnce(t *testing.T) {
	now := time.Date(2026, 11, 22, 18, 30, 0, 0, time.UTC)
	asked := Bounds{Limit: 2 * time.Hour, Parallel: 4}
	if r := asked.redistribution(now); r.Limit != 2*time.Hour || r.Parallel != 4 {
		t.Errorf("before the rows begin to move: %+v", r)
	}
	begun := asked.begin(now)
	for after, left := range map[time.Duration]time.Duration{0: 2 * time.Hour, 90 * time.Minute: 30 * time.Minute, 3 * time.Hour: time.Second} {
		at := now.Add(after)
		if again := begun.begin(at); again != begun {
			t.Errorf("begun again after %s: %+v", after, again)
		}
		if r := begun.redistribution(at); r.Limit != left {
			t.Errorf("after %s: %s left, want %s", after, r.Limit, left)
		}
		if over := begun.over(at); over != (after > 2*time.Hour) {
			t.Errorf("after %s: over %t", after, over)
		}
	}
	if endless := (Bounds{Parallel: 1}).begin(now); endless.over(now.AddDate(1, 0, 0)) || endless.redistribution(now).Limit != 0 {
		t.Errorf("without a bound: %+v", endless)
	}
}
