package apply

import (
	"slices"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// compared is what the cluster of the fakes is compared with.
func compared(t *testing.T) plan.Plan {
	t.Helper()
	p, err := plan.Compare(apitest.Cluster(t), apitest.Cluster(t))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSettingDrift(t *testing.T) {
	c, p := kept(t), compared(t)
	const again = "gpk config set 'search_path=analytics, public'"
	other := func(s *segments.FileSetting) { s.Value = new("public") }
	for name, test := range map[string]struct {
		change func(*fakeDatabase)
		// want are the differences with their commands.
		want []string
	}{
		"nothing": {func(*fakeDatabase) {}, nil},
		"by gpconfig": {func(d *fakeDatabase) {
			d.setting(coordinatorPod, "search_path", other)
			d.setting(primaryPod, "search_path", other)
		}, []string{"search_path is public instead of analytics, public on the coordinator in pod demo-coordinator-0 and 1 more of the instances|" + again}},
		"by ALTER SYSTEM": {func(d *fakeDatabase) {
			d.setting(coordinatorPod, "search_path", func(s *segments.FileSetting) { s.Value, s.Altered = new(""), true })
		}, []string{"search_path is '' by ALTER SYSTEM instead of analytics, public on the coordinator in pod demo-coordinator-0|" + again}},
		"the same by ALTER SYSTEM": {func(d *fakeDatabase) {
			d.setting(coordinatorPod, "search_path", func(s *segments.FileSetting) { s.Altered = true })
		}, nil},
		"by an editor": {func(d *fakeDatabase) { d.setting(primaryPod, "search_path", other) },
			[]string{"search_path is public instead of analytics, public on content 0 in pod demo-primary-0|" + again}},
		"one by one": {func(d *fakeDatabase) {
			d.setting(coordinatorPod, "search_path", other)
			d.setting(primaryPod, "search_path", func(s *segments.FileSetting) { s.Value = nil })
		}, []string{"search_path is public instead of analytics, public on the coordinator in pod demo-coordinator-0|" + again,
			"search_path is in no file and should be analytics, public on content 0 in pod demo-primary-0|" + again}},
		"one that gpk derives": {func(d *fakeDatabase) {
			d.setting(primaryPod, "max_connections", func(s *segments.FileSetting) { s.Value = new("250") })
		}, []string{"max_connections is 250 instead of 750 on content 0 in pod demo-primary-0|gpk config set max_connections=DEFAULT"}},
		"waiting": {func(d *fakeDatabase) {
			for _, pod := range []string{coordinatorPod, primaryPod} {
				d.setting(pod, "shared_buffers", func(s *segments.FileSetting) { s.Pending = true })
			}
		}, []string{"shared_buffers waits for a restart on the coordinator in pod demo-coordinator-0 and 1 more of the instances|gpk restart"}},
		// The server has hidden settings, and no word for what it does not know.
		"not known to the server": {func(d *fakeDatabase) {
			delete(d.files[coordinatorPod], "statement_mem")
			delete(d.files[primaryPod], "statement_mem")
		}, nil},
		"an instance does not answer": {func(d *fakeDatabase) { d.mute[primaryPod] = true },
			[]string{"cannot read the settings of content 0 in pod demo-primary-0|gpk create -f f.yaml"}},
		"an instance does not answer, and something is wrong": {func(d *fakeDatabase) {
			d.mute[primaryPod] = true
			d.setting(coordinatorPod, "search_path", other)
		}, []string{"search_path is public instead of analytics, public on the coordinator in pod demo-coordinator-0|" + again}},
		"the database does not run": {func(d *fakeDatabase) { d.up = false }, []string{"the database is stopped|gpk create -f f.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.database.give(apitest.Cluster(t))
			test.change(c.database)
			drift, err := clusterFor(t, apitest.Served(t, c.api)).Drift(t.Context(), p)
			if err != nil {
				t.Fatal(err)
			}
			var found []string
			for _, d := range drift {
				// Why a pod does not answer is in the fake's words.
				what, _, _ := strings.Cut(d.Found, ": ")
				found = append(found, what+"|"+commandOf(d).String())
			}
			if !slices.Equal(found, test.want) {
				t.Errorf("drift %q, want %q; violations %q", found, test.want, c.database.violations)
			}
		})
	}
}

// Until clients are let in, settings are create's business.
func TestSettingDriftWhileBeingMade(t *testing.T) {
	c, p := kept(t), compared(t)
	c.database.setting(primaryPod, "max_connections", func(s *segments.FileSetting) { s.Value = new("1") })
	c.api.Mutex.Lock()
	delete(c.api.Objects, "configmaps/demo-state")
	c.api.Mutex.Unlock()
	drift, err := clusterFor(t, apitest.Served(t, c.api)).Drift(t.Context(), p)
	if err != nil || slices.ContainsFunc(drift, func(d engine.Drift) bool { return d.Step.ID == "kept" }) {
		t.Errorf("drift %+v, error %v", drift, err)
	}
}

// What is missing inside the database is told of as well, and create makes it.
func TestDatabaseDrift(t *testing.T) {
	c, p := kept(t), compared(t)
	hba := c.database.hba[coordinatorPod+":"+topology.CoordinatorDir]
	for _, test := range []struct {
		change func(*fakeDatabase)
		want   string
	}{
		{func(d *fakeDatabase) { d.database = false }, "database analytics is missing"},
		{func(d *fakeDatabase) { d.extension = false }, "extension pgcrypto is missing"},
		{func(d *fakeDatabase) { d.hba[coordinatorPod+":"+topology.CoordinatorDir] = "local all all trust\n" }, "/greenplum/coordinator/gpseg-1/pg_hba.conf in pod demo-coordinator-0 differs"},
		{func(d *fakeDatabase) { d.roles["visitor"] = "md5" }, "role visitor has another password"},
	} {
		stored := c.database.roles["visitor"]
		test.change(c.database)
		drift, err := clusterFor(t, apitest.Served(t, c.api)).Drift(t.Context(), p)
		if err != nil || len(drift) != 1 || drift[0].Found != test.want || plan.Repair(drift[0].Step, "f.yaml").String() != "gpk create -f f.yaml" {
			t.Errorf("want %q, got %+v, error %v", test.want, drift, err)
		}
		d := c.database
		d.database, d.extension, d.hba[coordinatorPod+":"+topology.CoordinatorDir], d.roles["visitor"] = true, true, hba, stored
	}
}

// commandOf is the command against a drift.
func commandOf(d engine.Drift) plan.Command {
	if d.Command != nil {
		return d.Command
	}
	return plan.Repair(d.Step, "f.yaml")
}
