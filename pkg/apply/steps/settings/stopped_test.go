package settings

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

const noCertificate = "said FATAL:  could not load server certificate file \"server.crt\": No such file or directory\nend\n"

func instances() []topology.Instance {
	return []topology.Instance{
		{Content: -1, Role: topology.Primary, Pod: coordinatorPod, Host: coordinatorPod + ".demo", Dir: topology.CoordinatorDir},
		{Content: 0, Role: topology.Primary, Pod: primaryPod, Host: primaryPod + ".demo", Dir: "/greenplum/primary/gpseg0"}}
}

// ssl=on is right for the server's program, and a server does not start with it where there is no certificate.
func TestValidTriesStart(t *testing.T) {
	ssl := segments.RoleSetting{Name: "ssl", Coordinator: "on", Segment: "on"}
	for name, test := range map[string]struct {
		faulty  string
		before  bool
		stopped bool
		want    string
	}{
		"the coordinator would not": {coordinatorPod, false, false, "the server would not start with ssl=on: could not load server certificate"},
		"a segment would not":       {primaryPod, false, false, "(tried on content 0 in pod demo-primary-0)"},
		"all would":                 {"", false, false, ""},
		"it did not before":         {coordinatorPod, true, false, ""},
		"stopped, it would not":     {coordinatorPod, false, true, "(tried on the coordinator in pod demo-coordinator-0)"},
		"stopped, it would":         {"", false, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := clusterFor(t, func(pod, command, _ string) (string, int) {
				switch {
				case strings.HasPrefix(command, "psql"):
					text, err := json.Marshal([]segments.ServerSetting{{Name: "ssl", Context: "sighup"}})
					return string(text), status(err)
				case strings.HasPrefix(command, "settings.sh try") && pod == test.faulty && (test.before || strings.HasSuffix(command, " ssl=on")):
					return noCertificate, 0
				case strings.HasPrefix(command, "settings.sh try"):
					return "starts\nend\n", 0
				}
				return "", 0
			})
			c.stopped = test.stopped
			finding, err := (&validHandler{settings: c.settings, action: plan.Valid{Settings: []segments.Setting{{Name: "ssl", Value: "on"}},
				Starts: []segments.RoleSetting{ssl}, Instances: instances()}}).Check(t.Context())
			if err != nil || (finding.State == engine.Done) != (test.want == "") || !strings.Contains(strings.Join(finding.Details, ""), test.want) {
				t.Errorf("%+v, error %v, want %q", finding, err, test.want)
			}
		})
	}
}

// With statement_timeout=1 or a library that is not there, no utility could stop or start the database any more.
func TestValidTriesSession(t *testing.T) {
	c := clusterFor(t, func(_, command, stdin string) (string, int) {
		switch {
		case strings.HasPrefix(command, "psql"):
			text, err := json.Marshal([]segments.ServerSetting{{Name: "statement_timeout", Context: "user"}})
			return string(text), status(err)
		case strings.HasPrefix(command, "env -u PGOPTIONS PGOPTIONS=-c statement_timeout=1 psql") && stdin == segments.CatalogueSQL:
			return "ERROR:  canceling statement due to statement timeout", 3
		}
		return "", 0
	})
	for value, want := range map[string]engine.State{"1": engine.Blocked, "60000": engine.Done} {
		finding, err := (&validHandler{settings: c.settings, action: plan.Valid{
			Settings: []segments.Setting{{Name: "statement_timeout", Value: value}}}}).Check(t.Context())
		if err != nil || finding.State != want || want == engine.Blocked && !strings.Contains(finding.Details[0], "canceling statement") {
			t.Errorf("%s: %+v, error %v", value, finding, err)
		}
	}
}

// The files of a stopped database are changed without its server: who is to take back a setting cannot start it.
func TestWrittenWhileStopped(t *testing.T) {
	var mutex sync.Mutex
	written := map[string]string{}
	c := clusterFor(t, func(pod, command, stdin string) (string, int) {
		mutex.Lock()
		defer mutex.Unlock()
		switch {
		case strings.HasPrefix(command, "settings.sh write"):
			written[pod] = stdin
		case strings.HasPrefix(command, "settings.sh check") && written[pod] != stdin:
			return "differs /greenplum/primary/gpseg0 ssl\nend\n", 0
		case !strings.HasPrefix(command, "settings.sh"):
			return "unexpected", 1
		}
		return "end\n", 0
	})
	connections := segments.RoleSetting{Name: "max_connections", Coordinator: "250", Segment: "750"}
	change := plan.Written{Settings: []segments.RoleSetting{connections}, Removed: []string{"ssl"}, Instances: instances()}
	h := &writtenHandler{c.settings, change}
	c.silent = true
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Unknown {
		t.Errorf("silent, and it runs: %+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err == nil || len(written) > 0 {
		t.Errorf("silent, and it runs: %v, error %v", written, err)
	}
	c.stopped = true
	finding, err := h.Check(t.Context())
	if err != nil || finding.State != engine.Pending ||
		!strings.Contains(finding.Details[0], "ssl of the instance in /greenplum/primary/gpseg0 in pod") {
		t.Fatalf("%+v, error %v", finding, err)
	}
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	if written[coordinatorPod] != "set max_connections '250'\nremove ssl\nend\n" ||
		written[primaryPod] != "set max_connections '750'\nremove ssl\nend\n" {
		t.Errorf("written: %q", written)
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("afterwards: %+v, error %v", finding, err)
	}
	effective := &effectiveHandler{c.settings, change.Names(), change}
	if finding, err := effective.Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("effective: %+v, error %v", finding, err)
	}
}

// A restart after which no coordinator runs is taken back: the files get what they had, and the database starts. The cause comes first.
func TestTakenBack(t *testing.T) {
	var c *cluster
	c = clusterFor(t, func(_, command, stdin string) (string, int) {
		switch {
		case strings.HasPrefix(command, "env "):
			return "ssl\n", 0
		case strings.HasPrefix(command, "job.sh start gpstop-restart"):
			c.stopped = true
		case strings.HasPrefix(command, "job.sh start gpstart"):
			c.stopped = false
		case strings.Contains(command, "gpstop-restart"):
			return "exited 1\n", 0
		case strings.HasPrefix(command, "job.sh"):
			return "exited 0\n", 0
		case strings.HasPrefix(command, "settings.sh try"):
			return noCertificate, 0
		case strings.HasPrefix(command, "settings.sh write") && stdin != "remove ssl\nend\n":
			return "unexpected", 1
		case strings.HasPrefix(command, "settings.sh write"):
			return "end\n", 0
		case strings.HasPrefix(command, "expand.sh facts"):
			return "status none\ngpexpand idle\nfree 1\nend\n", 0
		}
		return "", 0
	})
	c.letClientsIn()
	before := plan.Written{Removed: []string{"ssl"}, Instances: instances()}
	err := (&effectiveHandler{c.settings, []string{"ssl"}, before}).Do(t.Context(), func(string) {})
	const cause = "the database did not start with the new values of ssl: could not load server certificate"
	if err == nil || !strings.HasPrefix(err.Error(), cause) ||
		!strings.HasSuffix(err.Error(), "The files have the earlier values again, and the database runs") {
		t.Errorf("error %v", err)
	}
	if ran := c.ran(); !slices.Equal(ran, []string{"gpstop -a -r -M fast", "gpstart -a"}) {
		t.Errorf("ran %q", ran)
	}
	if !slices.Contains(c.asked, primaryPod+" settings.sh write /greenplum/primary/gpseg0") {
		t.Errorf("asked %q", c.asked)
	}
}
