package templates_test

import (
	"strings"
	"testing"
)

// A volume that holds older instances knows which directories an expansion is about to make, and clears these and no others.
func TestExpandClearsOnlyNew(t *testing.T) {
	p := instancePod(t)
	old, fresh := p.path("greenplum/primary/gpseg0"), p.path("greenplum/primary/gpseg1")
	p.write("greenplum/primary/gpseg0/PG_VERSION", "12\n")
	p.write("greenplum/.gpk/initialised", "")
	p.must(nil, "expand.sh", "prepare", fresh)
	p.write("greenplum/primary/gpseg1/PG_VERSION", "12\n")
	facts := p.must(nil, "expand.sh", "facts", old, fresh)
	for _, line := range []string{"status none", "gpexpand idle", "instance " + old + " stopped kept", "instance " + fresh + " stopped new", "end"} {
		if !strings.Contains(facts, line+"\n") {
			t.Errorf("no %q in %q", line, facts)
		}
	}
	if r := p.run(nil, "expand.sh", "prepare", old); r.status == 0 || !strings.Contains(r.err, "gpseg0 exists already") {
		t.Errorf("prepared over data: %+v", r)
	}
	if r := p.run(nil, "expand.sh", "clear", old); r.status == 0 || !p.has("greenplum/primary/gpseg0/PG_VERSION") {
		t.Errorf("cleared what no expansion has made: %+v", r)
	}
	p.must(nil, "expand.sh", "clear", fresh)
	if p.has("greenplum/primary/gpseg1") || p.has("greenplum/.gpk/expanding") || !p.has("greenplum/primary/gpseg0/PG_VERSION") {
		t.Error("the new directory is there, or the old one is not")
	}
	// Again, as after a crash.
	p.must(nil, "expand.sh", "clear", fresh)
}

// What is complete is not new any more.
func TestExpandFinish(t *testing.T) {
	p := instancePod(t)
	fresh := p.path("greenplum/primary/gpseg1")
	p.must(nil, "expand.sh", "prepare", fresh)
	p.write("greenplum/primary/gpseg1/PG_VERSION", "12\n")
	p.must(nil, "expand.sh", "finish")
	if r := p.run(nil, "expand.sh", "clear", fresh); r.status == 0 || !p.has("greenplum/primary/gpseg1/PG_VERSION") {
		t.Errorf("cleared what is complete: %+v", r)
	}
	if !p.has("greenplum/.gpk/initialised") {
		t.Error("a pod that restarts would leave its instances down")
	}
}

// gpexpand's own notes are told as they are, written on only behind the change of the catalogue, and removed whole.
func TestExpandNotes(t *testing.T) {
	p := instancePod(t)
	p.fake("psql", `echo "psql $*" >>"$LOG"`)
	const notes = "greenplum/coordinator/gpseg-1/gpexpand.status"
	p.write(notes, "UNINITIALIZED:None\nBUILD_SEGMENTS_STARTED:/greenplum/.gpk/gpexpand_schema.tar\n")
	p.must(nil, "expand.sh", "forward")
	if facts := p.must(nil, "expand.sh", "facts"); !strings.HasPrefix(facts, "status BUILD_SEGMENTS_STARTED\n") || !strings.Contains(facts, "\nsize ") {
		t.Errorf("facts %q", facts)
	}
	p.write(notes, "UNINITIALIZED:None\nUPDATE_CATALOG_STARTED:/somewhere\n")
	p.must(nil, "expand.sh", "forward")
	p.must(nil, "expand.sh", "forward")
	if facts := p.must(nil, "expand.sh", "facts"); !strings.HasPrefix(facts, "status UPDATE_CATALOG_DONE\n") {
		t.Errorf("facts %q", facts)
	}
	p.must(nil, "expand.sh", "forget")
	if p.has(notes) {
		t.Error("the notes are there")
	}
}
