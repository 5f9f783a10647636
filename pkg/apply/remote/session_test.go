package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gpk/pkg/segments"
	"gpk/test/remotetest"
)

// telling are pods that run what they are told by a function, which has no words but the first.
func telling(run func(argv []string, out io.Writer) int) remotetest.Pods {
	return remotetest.Pods{Program: func(_ string, argv []string, _ io.Reader, out, errs io.Writer) int {
		_, _ = io.WriteString(errs, "words")
		return run(argv, out)
	}}
}

func echo(argv []string, out io.Writer) int {
	_, _ = io.WriteString(out, argv[0])
	return 0
}

func say(word string) segments.Command { return segments.Command{Argv: []string{word}} }

// sessionsOf are those that nobody uses.
func sessionsOf(pods *Pods) int {
	pods.sessions.mutex.Lock()
	defer pods.sessions.mutex.Unlock()
	return pods.sessions.kept
}

// Commands that follow each other take one session, and those at once one each, of which no more than some are kept.
func TestSessionsAreKept(t *testing.T) {
	pods := reached(t, telling(echo))
	for i := range 5 {
		word := fmt.Sprint("word ", i)
		if out, err := pods.Run(t.Context(), "pod", say(word)); out != word || err != nil || sessionsOf(pods) != 1 {
			t.Fatalf("%q, %v, %d sessions", out, err, sessionsOf(pods))
		}
	}
	var group sync.WaitGroup
	for i := range 40 {
		group.Go(func() {
			word := fmt.Sprint("word ", i)
			if out, err := pods.Run(t.Context(), fmt.Sprint("pod-", i%20), say(word)); out != word || err != nil {
				t.Errorf("%q, %v", out, err)
			}
		})
	}
	group.Wait()
	if kept := sessionsOf(pods); kept > sessionsKept {
		t.Errorf("%d sessions are kept", kept)
	}
}

// A session whose stream has ended meanwhile, or that has lain for long, is not used again.
func TestSessionsAreLeft(t *testing.T) {
	pods := reached(t, telling(echo))
	for name, spoil := range map[string]func(*session){
		"ended": func(s *session) { s.end(); <-s.over },
		"old":   func(s *session) { s.rested.Steady = s.rested.Steady.Add(-time.Hour) },
		// The laptop slept for an hour, in which the steady clock stood still.
		"slept": func(s *session) { s.rested.Wall = s.rested.Wall.Add(-time.Hour) },
	} {
		if _, err := pods.Run(t.Context(), "pod", say("one")); err != nil {
			t.Fatal(err)
		}
		s := pods.sessions.idle["pod"][0]
		spoil(s)
		if out, err := pods.Run(t.Context(), "pod", say("two")); out != "two" || err != nil {
			t.Errorf("%s: %q, %v", name, out, err)
		}
		if again := pods.sessions.idle["pod"][0]; again == s || sessionsOf(pods) != 1 {
			t.Errorf("%s: the session was used again, or %d are kept", name, sessionsOf(pods))
		}
	}
}

// The status is the command's, with what it has said; a session that is cut has none to tell, nor has one that is given up.
func TestSessionFails(t *testing.T) {
	hang := make(chan struct{})
	pods := reached(t, telling(func(argv []string, out io.Writer) int {
		switch argv[0] {
		case "cut":
			_, _ = io.WriteString(out, "3 5")
			return remotetest.Cut
		case "hang":
			<-hang
		case "fail":
			return 3
		}
		return echo(argv, out)
	}))
	defer close(hang)
	var exit *Error
	if _, err := pods.Run(t.Context(), "pod", say("fail")); !errors.As(err, &exit) || exit.Status != 3 || exit.Output != "words" {
		t.Errorf("failed: %v", err)
	}
	out, err := pods.Run(t.Context(), "pod", say("cut"))
	if out != "" || err == nil || errors.As(err, new(*Error)) || strings.Count(err.Error(), "in pod pod") != 1 {
		t.Errorf("cut: %q, %v", out, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	impatient := errors.New("nobody waits any more")
	time.AfterFunc(50*time.Millisecond, func() { cancel(impatient) })
	if _, err := pods.Run(ctx, "pod", say("hang")); !errors.Is(err, impatient) {
		t.Errorf("given up: %v", err)
	}
	if kept := sessionsOf(pods); kept != 0 {
		t.Errorf("%d sessions that failed are kept", kept)
	}
	if out, err := pods.Run(t.Context(), "pod", say("fine")); out != "fine" || err != nil {
		t.Errorf("after all: %q, %v", out, err)
	}
}

// Pods whose scripts are those of an earlier gpk have an exec for each command.
func TestNoSession(t *testing.T) {
	var execs atomic.Int32
	world := telling(func(argv []string, out io.Writer) int {
		execs.Add(1)
		switch {
		case slices.Equal(argv, segments.Session().Argv):
			return 127
		case argv[0] == "fail":
			return 3
		}
		return echo(argv, out)
	})
	world.Sessionless = true
	pods := reached(t, world)
	for range 3 {
		if out, err := pods.Run(t.Context(), "pod", say("fine")); out != "fine" || err != nil {
			t.Errorf("%q, %v", out, err)
		}
	}
	var exit *Error
	if _, err := pods.Run(t.Context(), "pod", say("fail")); !errors.As(err, &exit) || exit.Status != 3 || exit.Output != "words" {
		t.Errorf("failed: %v", err)
	}
	if execs.Load() != 5 {
		t.Errorf("%d execs, want one for each command, and one that was in vain", execs.Load())
	}
}

// Audited, each command is in the address of an exec of its own, with its arguments, and there is no session. Its input is not.
func TestAudited(t *testing.T) {
	var mutex sync.Mutex
	var logged []string
	world := telling(echo)
	pods := reachedBy(t, func(w http.ResponseWriter, r *http.Request) {
		mutex.Lock()
		logged = append(logged, strings.Join(r.URL.Query()["command"], " "))
		mutex.Unlock()
		if strings.Contains(r.URL.String(), "input") {
			t.Errorf("the input is in %s", r.URL)
		}
		world.Serve(w, r, "pod")
	})
	pods.Audited()
	for range 2 {
		for _, word := range []string{"one", "two"} {
			command := segments.Command{Argv: []string{word, "argument"}, Stdin: "the input"}
			if out, err := pods.Run(t.Context(), "pod", command); out != word || err != nil {
				t.Errorf("%q, %v", out, err)
			}
		}
	}
	if want := []string{"one argument", "two argument", "one argument", "two argument"}; !slices.Equal(logged, want) || sessionsOf(pods) != 0 {
		t.Errorf("the log has %q, %d sessions", logged, sessionsOf(pods))
	}
}
