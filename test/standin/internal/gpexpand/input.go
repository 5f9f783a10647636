package gpexpand

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
)

// readInput reads the file of new segments, and checks them against the
// catalogue.
func (r *run) readInput(path string) (catalog.Segments, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, console.Says("Input file %s not found", path)
	}
	var added catalog.Segments
	for i, line := range strings.Split(string(data), "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		s, err := parseLine(line)
		if err != nil {
			return nil, console.Says("Invalid input file on line %d of file %s: %w", i+1, path, err)
		}
		added = append(added, s)
	}
	if err := check(r.all, added); err != nil {
		return nil, console.Says("Invalid input file: %w", err)
	}
	return added, nil
}

// parseLine reads "host|address|port|directory|dbid|content|role".
func parseLine(line string) (catalog.Segment, error) {
	parts := strings.Split(line, "|")
	if len(parts) != 7 {
		return catalog.Segment{}, console.Says("expected 7 parts, obtained %d", len(parts))
	}
	s := catalog.Segment{Hostname: parts[0], Address: parts[1], Dir: strings.TrimSpace(parts[3]), Mode: catalog.NotSync, Status: catalog.Up}
	s.Role, s.PreferredRole = parts[6], parts[6]
	for _, number := range []struct {
		text string
		into *int
	}{{parts[2], &s.Port}, {parts[4], &s.DBID}, {parts[5], &s.Content}} {
		n, err := strconv.Atoi(strings.TrimSpace(number.text))
		if err != nil {
			return s, fmt.Errorf("no number: %w", err)
		}
		*number.into = n
	}
	if s.Role != catalog.Primary && s.Role != catalog.Mirror {
		return s, console.Says("role must be p or m, not %s", s.Role)
	}
	return s, nil
}

// check wants contents that continue the ones there are, dbids and places that
// nobody has, and mirrors where there are mirrors.
func check(all, added catalog.Segments) error {
	mirrored := all.HasMirrors()
	contents := []int{}
	for _, p := range added.InRole(catalog.Primary) {
		contents = append(contents, p.Content)
		if _, ok := added.Find(p.Content, catalog.Mirror); ok != mirrored {
			if mirrored {
				return console.Says("Expansion segment has no mirror but mirroring is enabled.")
			}
			return console.Says("Expansion segment has a mirror segment defined but mirroring is not enabled.")
		}
	}
	if len(contents) == 0 {
		return console.Says("No expansion segments defined")
	}
	next := len(all.InRole(catalog.Primary))
	for i, content := range contents {
		if content != next+i {
			return console.Says("Invalid content id %d, expected %d", content, next+i)
		}
	}
	for i, s := range added {
		same := func(o catalog.Segment) bool {
			return o.DBID == s.DBID || o.Hostname == s.Hostname && (o.Port == s.Port || o.Dir == s.Dir)
		}
		if slices.ContainsFunc(all, same) || slices.ContainsFunc(added[:i], same) {
			return console.Says("dbid %d, or its place, is taken", s.DBID)
		}
	}
	return nil
}
