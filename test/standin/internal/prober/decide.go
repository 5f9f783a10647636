// Package prober is the process beside an acting coordinator that watches the
// primaries, promotes the mirror of a dead one and keeps the catalogue true, as
// Greenplum's fault tolerance service does.
package prober

import "gpk/test/standin/internal/catalog"

// finding is what looking at a primary told.
type finding struct {
	alive     bool // it answers, or is starting
	answers   bool // it answers queries
	streaming bool // its mirror receives
	graced    bool // its mirror has not been gone for long
	synced    bool // and every commit is to wait for it
	awaited   bool // and does
	prepared  bool // a move of rows has prepared something there
}

// decision is what to do about one content.
type decision struct {
	promote  bool              // make the mirror primary, then write rows
	wait     bool              // make commits wait for the mirror
	dontWait bool              // let commits go without the mirror
	rows     []catalog.Segment // what the catalogue is to say, if anything else than now
}

// decide judges one content. A mirror that is gone is marked down only by a full
// probe, and not before its time of grace is over; everything else is seen at
// once.
func decide(primary, mirror catalog.Segment, hasMirror bool, f finding, full bool) decision {
	if !f.alive {
		return decideDead(primary, mirror, hasMirror)
	}
	if !hasMirror || !f.answers {
		return decision{}
	}
	var d decision
	switch {
	case f.streaming && !f.synced:
		d.wait = true
		d.rows = changed(primary, mirror, catalog.NotSync, catalog.Up)
	case f.streaming && f.awaited:
		d.rows = changed(primary, mirror, catalog.InSync, catalog.Up)
	case f.streaming: // about to be waited for
	case full && !f.graced:
		d.dontWait = f.synced
		d.rows = changed(primary, mirror, catalog.NotSync, catalog.Down)
	case mirror.Status == catalog.Down:
		d.dontWait = f.synced
	}
	return d
}

// decideDead gives the primary's place to its mirror, if the mirror has all that
// was committed. Else both copies are lost, and the catalogue stays as it is.
func decideDead(primary, mirror catalog.Segment, hasMirror bool) decision {
	if !hasMirror || mirror.Status != catalog.Up || mirror.Mode != catalog.InSync {
		return decision{}
	}
	mirror.Role, mirror.Mode, mirror.Status = catalog.Primary, catalog.NotSync, catalog.Up
	primary.Role, primary.Mode, primary.Status = catalog.Mirror, catalog.NotSync, catalog.Down
	return decision{promote: true, rows: []catalog.Segment{primary, mirror}}
}

// changed gives the rows of a pair with a mode and the mirror's status, or none
// if they are so already. The primary of a pair is always up.
func changed(primary, mirror catalog.Segment, mode, status string) []catalog.Segment {
	if primary.Mode == mode && mirror.Mode == mode && mirror.Status == status && primary.Status == catalog.Up {
		return nil
	}
	primary.Mode, primary.Status = mode, catalog.Up
	mirror.Mode, mirror.Status = mode, status
	return []catalog.Segment{primary, mirror}
}
