package gpstate

import (
	"context"
	"fmt"
	"strconv"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/console"
)

// attention is -e: what needs to be looked at.
func (r *run) attention(ctx context.Context) int {
	if !r.all.HasMirrors() {
		r.Log.Info("Physical mirroring is not configured")
		return 1
	}
	r.gather(ctx)
	r.Log.Rule(52)
	r.Log.Info("Segment Mirroring Status Report")
	status := 0
	for _, report := range []func() bool{r.rolesSwitched, r.unsynchronized, r.down} {
		if report() {
			status = 1
		}
	}
	r.warnUnavailable()
	if status == 0 {
		r.Log.Rule(52)
		r.Log.Info("All segments are running normally")
	}
	return status
}

func (r *run) rolesSwitched() bool {
	var t console.Table
	found := false
	for _, p := range r.all.InRole(catalog.Primary) {
		if p.PreferredRole == catalog.Primary {
			continue
		}
		if !found {
			t.Row("Current Primary", "Port", "Mirror", "Port")
		}
		found = true
		m, _ := r.all.Find(p.Content, catalog.Mirror)
		t.Row(p.Address, strconv.Itoa(p.Port), m.Address, strconv.Itoa(m.Port))
	}
	return r.titled(found, "Segments with Primary and Mirror Roles Switched", t)
}

// unsynchronized lists pairs whose mirror does not stream. What a primary that
// cannot be asked would say is not known, so it is not among them.
func (r *run) unsynchronized() bool {
	var t console.Table
	found := false
	for _, p := range r.all.InRole(catalog.Primary) {
		rep := r.pairs[p.Content]
		if !rep.queried {
			r.couldNotQuery(p)
			continue
		}
		if rep.connected && rep.state == "streaming" {
			continue
		}
		if !found {
			t.Row("Current Primary", "Port", "WAL sync remaining bytes", "Mirror", "Port")
		}
		found = true
		remaining := "Unknown"
		if rep.connected {
			remaining = fmt.Sprint(rep.toSend)
		}
		m, _ := r.all.Find(p.Content, catalog.Mirror)
		t.Row(p.Address, strconv.Itoa(p.Port), remaining, m.Address, strconv.Itoa(m.Port))
	}
	return r.titled(found, "Unsynchronized Segment Pairs", t)
}

func (r *run) down() bool {
	var t console.Table
	found := false
	for _, s := range r.all.Data() {
		text, bad := r.databaseStatus(s)
		if !bad {
			continue
		}
		if !found {
			t.Row("Segment", "Port", "Config status", "Status")
		}
		found = true
		t.Row(s.Address, strconv.Itoa(s.Port), upOrDown(s), text)
	}
	return r.titled(found, "Downed Segments (may include segments where status could not be retrieved)", t)
}

func (r *run) titled(found bool, title string, t console.Table) bool {
	if found {
		r.Log.Rule(52)
		r.Log.Info("%s", title)
		t.Print(r.Log)
	}
	return found
}

func upOrDown(s catalog.Segment) string {
	if s.Status == catalog.Down {
		return "Down"
	}
	return "Up"
}
