package fleet

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/shell"
)

// The ssh of this test runs the command here, or fails for host "gone".
const fakeSSH = `#!/bin/bash
[ "$1" = gone ] && { echo no route >&2; exit 255; }
exec bash -c "$2"
`

func TestEach(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(fakeSSH), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	segments := catalog.Segments{{DBID: 2, Address: "a"}, {DBID: 3, Address: "a"}, {DBID: 4, Address: "gone"}}
	got := Each(context.Background(), shell.Shell{}, segments, 2, func(s catalog.Segment) string {
		if s.DBID == 3 {
			return "echo lost; exit 3"
		}
		return "echo one; echo two"
	})
	if o := got[2]; o.Err != nil || o.Output != "one\ntwo" {
		t.Errorf("dbid 2: %+v", o)
	}
	if o := got[3]; o.Err == nil || o.Err.Error() != "status 3: lost" {
		t.Errorf("dbid 3: %+v", o)
	}
	if o := got[4]; shell.Status(o.Err) != 255 {
		t.Errorf("dbid 4: %+v", o)
	}
	if bad := Unreachable(context.Background(), shell.Shell{}, []string{"a", "gone"}, 2); len(bad) != 1 || !bad["gone"] {
		t.Errorf("unreachable: %v", bad)
	}
}

// Many segments of one host answer at once, and each answer stays whole.
func TestEachOfManyOnOneHost(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte(fakeSSH), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	var segments catalog.Segments
	for dbid := 2; dbid < 42; dbid++ {
		segments = append(segments, catalog.Segment{DBID: dbid, Address: "a"})
	}
	got := Each(context.Background(), shell.Shell{}, segments, 2, func(s catalog.Segment) string {
		return fmt.Sprintf("echo %[1]d; echo of; echo %[1]d", s.DBID)
	})
	for _, s := range segments {
		if o := got[s.DBID]; o.Err != nil || o.Output != fmt.Sprintf("%[1]d\nof\n%[1]d", s.DBID) {
			t.Errorf("dbid %d: %+v", s.DBID, o)
		}
	}
}
