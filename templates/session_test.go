package templates_test

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// shell is a session.sh that runs.
type shell struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
}

func newShell(t *testing.T) *shell {
	t.Helper()
	p := newPod(t)
	cmd := exec.CommandContext(t.Context(), "bash", p.path("gpk/scripts/session.sh"))
	cmd.Env = p.env
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &shell{t, in, bufio.NewReader(out), cmd}
	if got := s.line(); got != "ready\n" {
		t.Fatalf("it began with %q", got)
	}
	return s
}

func (s *shell) line() string {
	s.t.Helper()
	line, err := s.out.ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	return line
}

func request(stdin string, argv ...string) string {
	return fmt.Sprintf("%d %d\n%s\x00%send\n", len(argv), len(stdin), strings.Join(argv, "\x00"), stdin)
}

func (s *shell) ask(stdin string, argv ...string) (status int, out, errs string) {
	s.t.Helper()
	if _, err := io.WriteString(s.in, request(stdin, argv...)); err != nil {
		s.t.Fatal(err)
	}
	var lengths [2]int
	if _, err := fmt.Sscanf(s.line(), "%d %d %d\n", &status, &lengths[0], &lengths[1]); err != nil {
		s.t.Fatal(err)
	}
	said := make([]byte, lengths[0]+lengths[1])
	if _, err := io.ReadFull(s.out, said); err != nil {
		s.t.Fatal(err)
	}
	return status, string(said[:lengths[0]]), string(said[lengths[0]:])
}

// One command after another has its own words, input, status and voices, to the byte.
func TestSession(t *testing.T) {
	s := newShell(t)
	const speaks = `cat; printf '%s|' "$@"; printf 'é and \n\n more' >&2; exit 7`
	for name, test := range map[string]struct {
		stdin string
		argv  []string
		want  string
	}{
		"words":       {"", []string{"bash", "-c", speaks, "x", "a b", "", "it's\n$HOME", "é"}, "7 \"a b||it's\\n$HOME|é|\" \"é and \\n\\n more\""},
		"input":       {"line\n\nend\nno end", []string{"bash", "-c", speaks}, "7 \"line\\n\\nend\\nno end|\" \"é and \\n\\n more\""},
		"no input":    {"", []string{"bash", "-c", "read -r || echo none"}, `0 "none\n" ""`},
		"unread":      {strings.Repeat("é", 100000), []string{"true"}, `0 "" ""`},
		"much":        {strings.Repeat("7\n", 100000), []string{"wc", "-l"}, `0 "100000\n" ""`},
		"status only": {"", []string{"false"}, `1 "" ""`},
		"digits":      {"", []string{"echo", "-n", "12"}, `0 "12" ""`},
		"killed":      {"", []string{"bash", "-c", "kill -9 $$"}, `137 "" ""`},
	} {
		for range 2 {
			if status, out, errs := s.ask(test.stdin, test.argv...); fmt.Sprintf("%d %q %q", status, out, errs) != test.want {
				t.Errorf("%s: %d %q %q, want %s", name, status, out, errs, test.want)
			}
		}
	}
	if status, _, errs := s.ask("", "no-such-program"); status != 127 || !strings.Contains(errs, "not found") {
		t.Errorf("%d %q", status, errs)
	}
	_ = s.in.Close()
	if rest, err := io.ReadAll(s.out); len(rest) > 0 || err != nil {
		t.Errorf("at the end: %q, %v", rest, err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// Whatever a command is cut at, it is not carried out, and nothing is answered.
func TestSessionCut(t *testing.T) {
	whole := request("input\n", "bash", "-c", "echo done")
	for length := range len(whole) {
		s := newShell(t)
		_, _ = io.WriteString(s.in, whole[:length])
		_ = s.in.Close()
		if rest, err := io.ReadAll(s.out); len(rest) > 0 || err != nil {
			t.Errorf("cut at %d: %q, %v", length, rest, err)
		}
		_ = s.cmd.Wait()
	}
}
