//go:build e2e

package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
)

// instance is a row of gp_segment_configuration.
type instance struct {
	DBID          int    `json:"dbid"`
	Content       int    `json:"content"`
	Role          string `json:"role"`
	PreferredRole string `json:"preferred_role"`
	Mode          string `json:"mode"`
	Status        string `json:"status"`
	Port          int    `json:"port"`
	Host          string `json:"hostname"`
	Dir           string `json:"datadir"`
}

// catalogue is gp_segment_configuration after a probe of all segments, ordered by content and role, the acting one first.
func (c *cluster) catalogue() []instance {
	c.t.Helper()
	rows, err := c.tryCatalogue()
	c.must(nil, err)
	return rows
}

// tryCatalogue is catalogue of a database that may not answer.
func (c *cluster) tryCatalogue() ([]instance, error) {
	c.t.Helper()
	r := c.feed(strings.NewReader(`select gp_request_fts_probe_scan();
		select json_agg(g order by content, role desc) from (select dbid, content, role,
		preferred_role, mode, status, port, hostname, datadir from gp_segment_configuration) g;
`), "psql", "-d", "postgres", "--", "-XAtq", "-v", "ON_ERROR_STOP=1")
	_, answer, _ := strings.Cut(r.stdout, "\n")
	var rows []instance
	if err := json.Unmarshal([]byte(answer), &rows); err != nil {
		return nil, fmt.Errorf("gp_segment_configuration: %w: %s%s", err, r.stdout, r.stderr)
	}
	return rows, nil
}

// wantWhole fails the test unless the catalogue has exactly the instances of the shape, each up, in its preferred role and
// in sync. It returns the primaries, by content.
func (c *cluster) wantWhole(s shape) []instance {
	c.t.Helper()
	var want, have []string
	expect := func(content int, role string) { want = append(want, fmt.Sprintf("content %d, role %s", content, role)) }
	expect(-1, "p")
	if s.standby {
		expect(-1, "m")
	}
	for content := range s.primaries {
		expect(content, "p")
		if s.mirrors {
			expect(content, "m")
		}
	}
	var primaries []instance
	for _, row := range c.catalogue() {
		have = append(have, fmt.Sprintf("content %d, role %s", row.Content, row.Role))
		if row.Status != "u" || row.Role != row.PreferredRole {
			c.t.Errorf("content %d is not up in its preferred role: %+v", row.Content, row)
		}
		// The coordinator's own row says n, and so do primaries without mirrors.
		if mirrored := row.Content >= 0 && s.mirrors || row.Content < 0 && row.Role == "m"; mirrored && row.Mode != "s" {
			c.t.Errorf("content %d is not in sync: %+v", row.Content, row)
		}
		if row.Content >= 0 && row.Role == "p" {
			primaries = append(primaries, row)
		}
	}
	if strings.Join(have, "\n") != strings.Join(want, "\n") {
		c.t.Fatalf("the catalogue has\n%s\ninstead of\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
	return primaries
}

// status is what docs promise of `gpk status -o json`.
type status struct {
	Cluster     struct{ Namespace, Name string }
	Coordinator string
	Instances   []struct {
		Content             int
		DBID                int
		Role, PreferredRole string
		Status, Mode        string
		Pod, Node, Dir      string
		Port                int
	}
	Volumes []struct {
		Pod                  string
		Size, Available, Log int64
	}
	// Warnings are about the machine of the test: its volumes share a disk.
	Faults, Warnings []string
}

// wholeStatus is `gpk status -o json` of a cluster that is as it should be.
func (c *cluster) wholeStatus() status {
	c.t.Helper()
	r := c.gpk("status", "-o", "json").want(c.t, 0)
	var s status
	decoder := json.NewDecoder(strings.NewReader(r.stdout))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&s); err != nil {
		c.t.Fatalf("gpk status -o json: %v:\n%s", err, r.stdout)
	}
	if len(s.Faults) > 0 || r.stderr != "" {
		c.t.Errorf("gpk status -o json finds faults in a whole cluster: %q %s", s.Faults, r.stderr)
	}
	pods := map[string]bool{}
	for _, i := range s.Instances {
		pods[i.Pod] = true
	}
	for _, v := range s.Volumes {
		if !pods[v.Pod] || v.Size < v.Available || v.Available <= 0 || v.Log <= 0 {
			c.t.Errorf("a volume that cannot be: %+v", v)
		}
	}
	if len(s.Volumes) != len(pods) {
		c.t.Errorf("%d pods have %d volumes", len(pods), len(s.Volumes))
	}
	return s
}
