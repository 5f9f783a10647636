package remote

import "time"

// Moment is a time by both clocks of this machine. The steady one stands still while a laptop sleeps, and somebody may set the other one.
type Moment struct{ Steady, Wall time.Time }

// Now is the present moment.
func Now() Moment {
	now := time.Now()
	// Round takes the reading of the steady clock away.
	return Moment{now, now.Round(0)}
}

// Ago is how long ago the moment was, by the clock that says more. It decides how long gpk believes what it knows.
func (m Moment) Ago() time.Duration { return Now().After(m) }

// After is how long after an earlier moment this one was, by the clock that says more.
func (m Moment) After(earlier Moment) time.Duration {
	return max(m.Steady.Sub(earlier.Steady), m.Wall.Sub(earlier.Wall))
}
