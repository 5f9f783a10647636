package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// What waits for a restart is asked of each acting primary that is up, and of no mirror.
func TestPendingOnAnyPrimary(t *testing.T) {
	c := clusterFor(t, func(pod, command, stdin string) (string, int) {
		if !strings.HasPrefix(command, "env ") || !strings.Contains(stdin, "'max_connections'") {
			return "unexpected", 1
		}
		return map[string]string{primaryPod: "shared_buffers\nmax_connections\n", coordinatorPod: "max_connections\n"}[pod], 0
	})
	names, err := c.settings.PendingSettings(t.Context(), []string{"MAX_connections", "shared_buffers"})
	if err != nil || !slices.Equal(names, []string{"max_connections", "shared_buffers"}) {
		t.Errorf("%q, error %v", names, err)
	}
	if len(c.asked) != 2 {
		t.Errorf("asked %q", c.asked)
	}
	if names, err := c.settings.PendingSettings(t.Context(), nil); err != nil || names != nil || len(c.asked) != 2 {
		t.Errorf("of no setting: %q, error %v", names, err)
	}
}

// An instance that does not answer is an error: it may be the one that waits.
func TestPendingNeedsEveryAnswer(t *testing.T) {
	c := clusterFor(t, func(pod, _, _ string) (string, int) {
		return map[string]string{coordinatorPod: "max_connections\n"}[pod], map[string]int{primaryPod: 2}[pod]
	})
	if names, err := c.settings.PendingSettings(t.Context(), []string{"max_connections"}); err == nil {
		t.Errorf("%q", names)
	}
}

func TestValid(t *testing.T) {
	server := []segments.ServerSetting{{Name: "DateStyle", Context: "user"}, {Name: "work_mem", Context: "user"},
		{Name: "block_size", Context: "internal"}}
	c := clusterFor(t, func(_, command, _ string) (string, int) {
		if strings.HasPrefix(command, "psql") {
			text, err := json.Marshal(server)
			return string(text), status(err)
		}
		if strings.Contains(command, "work_mem=much") {
			return `FATAL:  invalid value for parameter "work_mem": "much"`, 1
		}
		return "", 0
	})
	for want, given := range map[string]segments.Setting{
		"":                                {Name: "datestyle", Value: "ISO, DMY"},
		"nosuch: the server has no such":  {Name: "nosuch", Value: "1"},
		"block_size: the server was":      {Name: "block_size", Value: "1"},
		`work_mem: invalid value for par`: {Name: "work_mem", Value: "much"},
	} {
		finding, err := (&validHandler{settings: c.settings, action: plan.Valid{Settings: []segments.Setting{given}}}).Check(t.Context())
		switch {
		case err != nil:
			t.Errorf("%s: %v", given.Name, err)
		case want == "" && finding.State != engine.Done:
			t.Errorf("%s: %+v", given.Name, finding)
		case want != "" && (finding.State != engine.Blocked || !strings.HasPrefix(strings.Join(finding.Details, ""), want) || finding.Next.Empty()):
			t.Errorf("%s: %+v, want %q", given.Name, finding, want)
		}
	}
}

// Whether a setting is valid only a server that runs can say, and nothing is changed without one.
func TestValidNeedsServer(t *testing.T) {
	c := clusterFor(t, nil)
	c.silent = true
	finding, err := (&validHandler{settings: c.settings}).Check(t.Context())
	if err != nil || finding.State != engine.Blocked || !strings.Contains(finding.Next.String(), "`gpk start`") {
		t.Errorf("%+v, error %v", finding, err)
	}
}

// Until clients are let in, create writes what differs and restarts the database if a setting needs that. Afterwards it changes nothing.
func TestConfigure(t *testing.T) {
	given := []segments.RoleSetting{{Name: "max_connections", Coordinator: "250", Segment: "750"}, {Name: "work_mem", Coordinator: "1MB", Segment: "1MB"}}
	written := false
	c := clusterFor(t, func(_, command, stdin string) (string, int) {
		switch {
		case strings.HasPrefix(command, "gpconfig -s work_mem"), strings.HasPrefix(command, "gpconfig -s") && written:
			for _, s := range given {
				if strings.Contains(command, s.Name) {
					return fmt.Sprintf("Coordinator value: %s\nSegment     value: %s\n", s.Coordinator, s.Segment), 0
				}
			}
		case strings.HasPrefix(stdin, "select case"):
			return segments.NeedsRestart, 0
		case strings.HasPrefix(command, "job.sh start gpconfig-max_connections"):
			written = true
		case strings.HasPrefix(command, "job.sh"):
			return "exited 0\n", 0
		}
		return "", 0
	})
	h := &configureHandler{c.store, c.settings, plan.Written{Settings: given}}
	finding, err := h.Check(t.Context())
	if err != nil || finding.State != engine.Pending || len(finding.Details) != 1 || !strings.HasPrefix(finding.Details[0], "max_connections ") {
		t.Fatalf("%+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	want := []string{"gpconfig -c max_connections -v 750 -m 250", "gpstop -a -r -M fast"}
	if !slices.Equal(c.ran(), want) {
		t.Errorf("ran %q, want %q", c.ran(), want)
	}
	if finding, err := h.Check(t.Context()); err != nil || !slices.Equal(finding.Details, []string{"the instances need a restart before their settings take effect"}) {
		t.Errorf("before the restart: %+v, error %v", finding, err)
	}
	c.letClientsIn()
	c.asked = nil
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done || len(c.asked) > 0 {
		t.Errorf("with clients: %+v, error %v; asked %q", finding, err, c.asked)
	}
}

// ALTER SYSTEM is in the way of a setting only with another value, and of one that is removed with any.
func TestAltered(t *testing.T) {
	files := map[string][]segments.FileSetting{
		coordinatorPod: {{Name: "work_mem", Value: new("1MB"), Altered: true}, {Name: "datestyle", Value: new("ISO")}},
		primaryPod: {{Name: "work_mem", Value: new("2MB"), Altered: true}, {Name: "datestyle", Value: new("ISO"), Altered: true},
			{Name: "search_path", Value: new("public"), Altered: true}},
	}
	c := clusterFor(t, func(pod, _, _ string) (string, int) {
		text, err := json.Marshal(files[pod])
		return string(text), status(err)
	})
	change := plan.Written{Settings: []segments.RoleSetting{{Name: "work_mem", Coordinator: "1MB", Segment: "1MB"}}, Removed: []string{"DateStyle"}}
	found, err := c.settings.altered(t.Context(), database.Acting{Pod: coordinatorPod, Catalogue: catalogue()}, change)
	if err != nil || len(found) != 1 || found[0].row.Pod() != primaryPod || !slices.Equal(found[0].names, []string{"work_mem", "DateStyle"}) {
		t.Errorf("%+v, error %v", found, err)
	}
}

// The bound of statement_mem is wrong: statement_mem is removed, since it must stand behind its bound.
func TestBounded(t *testing.T) {
	settings := []segments.RoleSetting{{Name: "work_mem"}, {Name: "statement_mem"}, {Name: "max_statement_mem"}}
	for _, test := range []struct {
		settings []segments.RoleSetting
		faults   []string
		want     int
	}{
		{settings, []string{"", "", "differs"}, 1},
		{settings, []string{"differs", "differs", ""}, -1},
		{settings[:2], []string{"", "differs"}, -1},
		{settings[2:], []string{"differs"}, -1},
	} {
		if got := bounded(test.settings, test.faults); got != test.want {
			t.Errorf("%v: %d, want %d", test.faults, got, test.want)
		}
	}
}

// Instances that differ alike are one drift, which names the first and counts the rest; one that could not be read is none.
func TestDriftOf(t *testing.T) {
	setting := plan.KeptSetting{RoleSetting: segments.RoleSetting{Name: "work_mem", Coordinator: "1MB", Segment: "2MB"},
		Command: plan.Gpk("config", "set", "work_mem=2MB")}
	on := func(content int32, has segments.FileSetting) instanceFiles {
		return instanceFiles{row: segments.Row{Content: content, Host: fmt.Sprintf("pod-%d.demo", content)}, settings: map[string]segments.FileSetting{"work_mem": has}}
	}
	found := driftOf(setting, []instanceFiles{
		on(-1, segments.FileSetting{Value: new("1MB")}),
		on(0, segments.FileSetting{Value: new("1MB")}), on(1, segments.FileSetting{Value: new("2MB"), Pending: true}),
		on(2, segments.FileSetting{Value: new("1MB")}), on(3, segments.FileSetting{Value: new("1MB")}),
		{row: segments.Row{Content: 4}, err: errors.New("refused")},
	})
	want := []engine.Drift{
		{Found: "work_mem is 1MB instead of 2MB on content 0 in pod pod-0 and 2 more of the instances", Command: setting.Command},
		{Found: "work_mem waits for a restart on content 1 in pod pod-1", Command: plan.Gpk("restart")}}
	if fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("%+v, want %+v", found, want)
	}
}
