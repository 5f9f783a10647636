package templates_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// A psql is ended with its program, which may have read more of a script, and with its session, which ends a moment later.
func TestEndPsql(t *testing.T) {
	p := newPod(t)
	p.env = append(p.env, "ASKED="+p.path("asked"))
	p.fake("psql", `echo "$*" >>"$ASKED"; [ "$(grep -c . "$ASKED")" -gt 2 ] && echo 0 || echo 1`)
	program := exec.CommandContext(t.Context(), "/bin/sleep", "20")
	program.Env = slices.Concat(p.env, []string{"PGAPPNAME=gpk-psql-1a2b"})
	stranger := exec.CommandContext(t.Context(), "/bin/sleep", "20")
	stranger.Env = slices.Concat(p.env, []string{"PGAPPNAME=gpk-psql-1a2b3c"})
	for _, command := range []*exec.Cmd{program, stranger} {
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
	}
	if out := p.must([]byte("gpk-psql-1a2b\n"), "endpsql.sh"); out != "left 0\nend\n" {
		t.Errorf("%q", out)
	}
	if err := program.Wait(); err == nil || !strings.Contains(err.Error(), "terminated") {
		t.Errorf("the program ended with %v", err)
	}
	if err := stranger.Process.Kill(); err != nil {
		t.Errorf("the stranger: %v", err)
	}
	_ = stranger.Wait()
	if asked := p.read("asked"); !strings.Contains(asked, "application_name = 'gpk-psql-1a2b'") {
		t.Errorf("asked %q", asked)
	}
	if r := p.run([]byte("'; drop\n"), "endpsql.sh"); r.status != 2 {
		t.Errorf("%+v", r)
	}
}
