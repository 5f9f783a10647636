package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gpk/pkg/segments"
)

// newSessions is a target whose pods run what they are told by a function, which has no words but the first.
func newSessions(t *testing.T, run func(argv []string, out io.Writer) int) (*Target, *memoryAPI) {
	t.Helper()
	api := newAPI()
	api.exec = func(_ string, argv []string, _ io.Reader, out, errs io.Writer) int {
		_, _ = io.WriteString(errs, "words")
		return run(argv, out)
	}
	return api.served(t), api
}

func echo(argv []string, out io.Writer) int {
	_, _ = io.WriteString(out, argv[0])
	return 0
}

func say(word string) segments.Command { return segments.Command{Argv: []string{word}} }

// sessionsOf are those of the target that nobody uses.
func sessionsOf(target *Target) int {
	target.sessions.mutex.Lock()
	defer target.sessions.mutex.Unlock()
	return target.sessions.kept
}

// Commands that follow each other take one session, and those at once one each, of which no more than some are kept.
func TestSessionsAreKept(t *testing.T) {
	target, _ := newSessions(t, echo)
	for i := range 5 {
		word := fmt.Sprint("word ", i)
		if out, err := target.run(t.Context(), "pod", say(word)); out != word || err != nil || sessionsOf(target) != 1 {
			t.Fatalf("%q, %v, %d sessions", out, err, sessionsOf(target))
		}
	}
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			word := fmt.Sprint("word ", i)
			if out, err := target.run(t.Context(), fmt.Sprint("pod-", i%20), say(word)); out != word || err != nil {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
	group.Wait()
	if kept := sessionsOf(target); kept > sessionsKept {
		t.Errorf("%d sessions are kept", kept)
	}
}

// A session whose stream has ended meanwhile, or that has lain for long, is not used again.
func TestSessionsAreLeft(t *testing.T) {
	target, _ := newSessions(t, echo)
	for name, spoil := range map[string]func(*session){
		"ended": func(s *session) { s.end(); <-s.over },
		"old":   func(s *session) { s.rested = time.Now().Add(-time.Hour) },
	} {
		if _, err := target.run(t.Context(), "pod", say("one")); err != nil {
			t.Fatal(err)
		}
		s := target.sessions.idle["pod"][0]
		spoil(s)
		if out, err := target.run(t.Context(), "pod", say("two")); out != "two" || err != nil {
			t.Errorf("%s: %q, %v", name, out, err)
		}
		if again := target.sessions.idle["pod"][0]; again == s || sessionsOf(target) != 1 {
			t.Errorf("%s: the session was used again, or %d are kept", name, sessionsOf(target))
		}
	}
}

// The status is the command's, with what it has said; a session that is cut has none to tell, nor has one that is given up.
func TestSessionFails(t *testing.T) {
	hang := make(chan struct{})
	target, _ := newSessions(t, func(argv []string, out io.Writer) int {
		switch argv[0] {
		case "cut":
			_, _ = io.WriteString(out, "3 5")
			return cut
		case "hang":
			<-hang
		case "fail":
			return 3
		}
		return echo(argv, out)
	})
	defer close(hang)
	var exit *ExecError
	if _, err := target.run(t.Context(), "pod", say("fail")); !errors.As(err, &exit) || exit.Status != 3 || exit.Output != "words" {
		t.Errorf("failed: %v", err)
	}
	out, err := target.run(t.Context(), "pod", say("cut"))
	if out != "" || err == nil || errors.As(err, new(*ExecError)) || strings.Count(err.Error(), "in pod pod") != 1 {
		t.Errorf("cut: %q, %v", out, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	impatient := errors.New("nobody waits any more")
	time.AfterFunc(50*time.Millisecond, func() { cancel(impatient) })
	if _, err := target.run(ctx, "pod", say("hang")); !errors.Is(err, impatient) {
		t.Errorf("given up: %v", err)
	}
	if kept := sessionsOf(target); kept != 0 {
		t.Errorf("%d sessions that failed are kept", kept)
	}
	if out, err := target.run(t.Context(), "pod", say("fine")); out != "fine" || err != nil {
		t.Errorf("after all: %q, %v", out, err)
	}
}

// Pods whose scripts are those of an earlier gpk have an exec for each command.
func TestNoSession(t *testing.T) {
	var execs atomic.Int32
	target, api := newSessions(t, func(argv []string, out io.Writer) int {
		execs.Add(1)
		switch {
		case slices.Equal(argv, segments.Session().Argv):
			return 127
		case argv[0] == "fail":
			return 3
		}
		return echo(argv, out)
	})
	api.sessionless = true
	for range 3 {
		if out, err := target.run(t.Context(), "pod", say("fine")); out != "fine" || err != nil {
			t.Errorf("%q, %v", out, err)
		}
	}
	var exit *ExecError
	if _, err := target.run(t.Context(), "pod", say("fail")); !errors.As(err, &exit) || exit.Status != 3 || exit.Output != "words" {
		t.Errorf("failed: %v", err)
	}
	if execs.Load() != 5 {
		t.Errorf("%d execs, want one for each command, and one that was in vain", execs.Load())
	}
}
