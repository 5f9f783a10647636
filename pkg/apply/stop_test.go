package apply

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/test/apitest"
)

// A database is stopped in order where gpstop can, and by its pods where it cannot: delete must not need a healthy one.
func TestStop(t *testing.T) {
	for _, broken := range []string{"", "gpstop"} {
		c := newCreation(t)
		if _, _, err := c.run(0); err != nil {
			t.Fatal(err)
		}
		c.database.broken = broken
		clear(c.database.begun)
		h := handlerOf(t, clusterFor(t, apitest.Served(t, c.api)), plan.Stopped{Mode: "fast"})
		if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Pending {
			t.Fatalf("before: %+v, error %v", finding, err)
		}
		var told []string
		if err := h.Do(t.Context(), func(line string) { told = append(told, line) }); err != nil {
			t.Fatal(err)
		}
		if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
			t.Errorf("gpstop broken %q: afterwards %+v, error %v", broken, finding, err)
		}
		if own := slices.ContainsFunc(told, func(line string) bool { return strings.Contains(line, "gpstop: exit status 2") }); own != (broken != "") {
			t.Errorf("gpstop broken %q: told %q", broken, told)
		}
		if c.database.begun["gpstop"] != 1 || len(c.database.violations) > 0 {
			t.Errorf("gpstop broken %q: begun %v, %q", broken, c.database.begun, c.database.violations)
		}
	}
}

// A smart stop waits for clients, and asks gpstop for a fast one then: its own smart mode asks a person.
func TestStopSmart(t *testing.T) {
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	d, asked := c.database, 0
	c.api.Exec = func(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		input, err := io.ReadAll(stdin)
		if err != nil {
			return apitest.Cut
		}
		if strings.Contains(string(input), "client backend") {
			if asked++; asked == 1 {
				fmt.Fprintln(out, "ann in database analytics, from 10.0.0.9, since 2026-01-01 00:00:00 UTC")
			}
			return 0
		}
		return d.exec(pod, argv, bytes.NewReader(input), out, errs)
	}
	clear(d.begun)
	var told []string
	h := handlerOf(t, clusterFor(t, apitest.Served(t, c.api)), plan.Stopped{Mode: "smart"})
	if err := h.Do(t.Context(), func(line string) { told = append(told, line) }); err != nil {
		t.Fatal(err)
	}
	if asked != 2 || len(told) == 0 || !strings.HasPrefix(told[0], "ann in database analytics") {
		t.Errorf("asked %d times, told %q", asked, told)
	}
	if argv := d.volumes["demo-coordinator-0"].jobs["gpstop"].argv; !slices.Equal(argv, segments.Gpstop("fast").Argv) || d.begun["gpstop"] != 1 {
		t.Errorf("gpstop %d times: %q", d.begun["gpstop"], argv)
	}
}
