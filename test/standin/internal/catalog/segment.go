// Package catalog owns gp_segment_configuration: its rows, the SQL that makes
// it and the functions around it, and every change of it.
package catalog

import (
	"cmp"
	"fmt"
	"slices"
)

// Roles, modes and states as gp_segment_configuration has them.
const (
	Primary = "p"
	Mirror  = "m"
	InSync  = "s"
	NotSync = "n"
	Up      = "u"
	Down    = "d"
)

// Segment is a row of gp_segment_configuration.
type Segment struct {
	DBID          int
	Content       int // -1 for the coordinator and its standby
	Role          string
	PreferredRole string
	Mode          string
	Status        string
	Port          int
	Hostname      string
	Address       string
	Dir           string
}

func (s Segment) String() string {
	return fmt.Sprintf("dbid %d, content %d, %s:%d:%s", s.DBID, s.Content, s.Hostname, s.Port, s.Dir)
}

// Segments are the catalogue's rows by dbid.
type Segments []Segment

// Find gives the row of a content in a role.
func (ss Segments) Find(content int, role string) (Segment, bool) {
	for _, s := range ss {
		if s.Content == content && s.Role == role {
			return s, true
		}
	}
	return Segment{}, false
}

// Peer gives the other one of a segment's content.
func (ss Segments) Peer(of Segment) (Segment, bool) {
	for _, s := range ss {
		if s.Content == of.Content && s.DBID != of.DBID {
			return s, true
		}
	}
	return Segment{}, false
}

// Coordinator gives the acting coordinator.
func (ss Segments) Coordinator() (Segment, bool) { return ss.Find(-1, Primary) }

// Standby gives the coordinator's standby.
func (ss Segments) Standby() (Segment, bool) { return ss.Find(-1, Mirror) }

// Data gives the segments that hold data: content by content, the one that is
// primary now first, as Greenplum's utilities list them.
func (ss Segments) Data() Segments {
	out := slices.DeleteFunc(slices.Clone(ss), func(s Segment) bool { return s.Content < 0 })
	slices.SortStableFunc(out, func(a, b Segment) int {
		return cmp.Or(cmp.Compare(a.Content, b.Content), cmp.Compare(b.Role, a.Role), cmp.Compare(a.DBID, b.DBID))
	})
	return out
}

// InRole gives the segments with data that have a role now.
func (ss Segments) InRole(role string) Segments {
	var out Segments
	for _, s := range ss.Data() {
		if s.Role == role {
			out = append(out, s)
		}
	}
	return out
}

// HasMirrors tells whether any content has a mirror.
func (ss Segments) HasMirrors() bool { return len(ss.InRole(Mirror)) > 0 }

// Hosts are the addresses of the segments, each once, in their order.
func (ss Segments) Hosts() []string {
	seen := map[string]bool{}
	var out []string
	for _, s := range ss {
		if !seen[s.Address] {
			seen[s.Address] = true
			out = append(out, s.Address)
		}
	}
	return out
}

// On gives the segments at an address.
func (ss Segments) On(address string) Segments {
	var out Segments
	for _, s := range ss {
		if s.Address == address {
			out = append(out, s)
		}
	}
	return out
}
