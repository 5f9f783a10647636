package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"gpk/pkg/segments"
	"gpk/test/remotetest"
)

func TestLastLines(t *testing.T) {
	tests := []struct {
		text string
		n    int
		want string
	}{
		{"", 3, ""},
		{"\n \n", 3, ""},
		{"one", 3, "one"},
		{"one\n\n  two  \nthree\nfour\n", 2, "three | four"},
		{"one\ntwo", 2, "one | two"},
	}
	for _, test := range tests {
		if got := LastLines(test.text, test.n); got != test.want {
			t.Errorf("of %q: %q, want %q", test.text, got, test.want)
		}
	}
}

func TestErrorWhy(t *testing.T) {
	for output, want := range map[string]string{
		"":                                      "",
		"not ready: the instance is starting\n": "not ready: the instance is starting",
		"ERROR:  no function f\nLINE 1: select f()\n               ^\nHINT:  Add casts.\n":  "ERROR:  no function f",
		"psql: error: connection to server on socket failed: FATAL:  the database starts\n": "psql: error: connection to server on socket failed: FATAL:  the database starts",
	} {
		if got := (&Error{Output: output}).Why(); got != want {
			t.Errorf("of %q: %q, want %q", output, got, want)
		}
	}
}

func TestErrorShortOfMemory(t *testing.T) {
	for output, want := range map[string]bool{
		"ERROR:  Canceling query because of high VMEM usage. Used: 44MB, available 10MB, red zone: 94MB (runaway_cleaner.c:189)\n": true,
		"ERROR:  Out of memory  (seg1 10.0.0.1:40000 pid=1)\nDETAIL:  Vmem limit reached\n":                                        true,
		"ERROR:  permission denied\n": false,
	} {
		if got := (&Error{Output: output}).ShortOfMemory(); got != want {
			t.Errorf("of %q: %t", output, got)
		}
	}
}

func TestErrorText(t *testing.T) {
	err := &Error{Pod: "demo-primary-0", Argv: []string{"/bin/bash", strings.Repeat("x", 200)}, Status: 3, Output: "1\n2\n3\n4\n5\n6\n"}
	want := "in pod demo-primary-0: /bin/bash " + strings.Repeat("x", 107) + "...: exit status 3: 2 | 3 | 4 | 5 | 6"
	if got := err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestRun(t *testing.T) {
	pods := scripts(t, func(_ string, args []string, stdin io.Reader, out, errs io.Writer) int {
		switch args[0] {
		case "echo":
			text := make([]byte, 5)
			_, _ = io.ReadFull(stdin, text)
			fmt.Fprintf(out, "%s %q", text, args[1:])
		case "large":
			for range 300 {
				fmt.Fprint(out, strings.Repeat("x", 1000))
			}
		case "fails":
			fmt.Fprint(out, "on standard output")
			fmt.Fprint(errs, "one\ntwo\n")
			return 7
		case "fails mutely":
			fmt.Fprint(out, "on standard output")
			return 1
		case "cut":
			fmt.Fprint(out, "half an ans")
			return remotetest.Cut
		}
		return 0
	})
	run := func(args ...string) (string, error) {
		return pods.Run(t.Context(), "demo-primary-0", segments.Command{Argv: append([]string{"/bin/bash", "script"}, args...), Stdin: "hello"})
	}
	if out, err := run("echo", "a b", "c'd\n"); err != nil || out != `hello ["a b" "c'd\n"]` {
		t.Errorf("%q, error %v", out, err)
	}
	if out, err := run("large"); err != nil || len(out) != 300_000 {
		t.Errorf("%d bytes, error %v", len(out), err)
	}
	for args, want := range map[string]Error{
		"fails":        {Pod: "demo-primary-0", Status: 7, Output: "one\ntwo\n"},
		"fails mutely": {Pod: "demo-primary-0", Status: 1, Output: "on standard output"},
	} {
		var exit *Error
		if _, err := run(args); !errors.As(err, &exit) || exit.Pod != want.Pod || exit.Status != want.Status || exit.Output != want.Output {
			t.Errorf("%s: error %v, want %+v", args, err, want)
		}
	}
	// Whether a cut stream is an error is up to the client library; it must not look like an exit status.
	var exit *Error
	if _, err := run("cut"); errors.As(err, &exit) {
		t.Errorf("a cut stream looks like %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := pods.Run(ctx, "demo-primary-0", segments.Script("run.sh", "echo")); err == nil {
		t.Error("it ran although it had been cancelled")
	}
}
