package apply

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"gpk/pkg/segments"
)

// A pod is named with its node without the right to get pods, which no command needs.
func TestWhereabouts(t *testing.T) {
	a := newAPI()
	a.put(&corev1.Pod{ObjectMeta: meta("demo-primary-0", "demo"), Spec: corev1.PodSpec{NodeName: "node1"}})
	a.failWith(func(r *http.Request) error {
		if strings.Contains(r.URL.Path, "/pods/") {
			return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "", errors.New("no right to get pods"))
		}
		return nil
	})
	target := a.target(t)
	for pod, where := range map[string]string{"demo-primary-0": "pod demo-primary-0 on node node1", "demo-primary-1": "pod demo-primary-1"} {
		if got := target.whereabouts(t.Context(), pod); got != where {
			t.Errorf("%q, wanted %q", got, where)
		}
	}
}

// Whatever the pieces in which a log arrives, whole lines are handed on, and every byte counts.
func TestLineWriter(t *testing.T) {
	const log = "one\n\ntwo äöü\nthree\r\nno end"
	for size := 1; size <= len(log); size++ {
		var lines []string
		w := &lineWriter{emit: func(line string) { lines = append(lines, line) }}
		for rest := log; rest != ""; {
			piece := rest[:min(size, len(rest))]
			rest = rest[len(piece):]
			if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
				t.Fatalf("wrote %d of %d bytes: %v", n, len(piece), err)
			}
		}
		if diff := cmp.Diff([]string{"one", "", "two äöü", "three\r"}, lines); diff != "" || w.offset != int64(len(log)) {
			t.Errorf("in pieces of %d bytes: offset %d (-want +got):\n%s", size, w.offset, diff)
		}
		w.flush()
		w.flush()
		if last := lines[len(lines)-1]; last != "no end" || len(lines) != 5 {
			t.Errorf("in pieces of %d bytes: the last of %d lines is %q", size, len(lines), last)
		}
	}
}

func TestArchive(t *testing.T) {
	want := map[string]string{"gpinitsystem.conf": "A=1\n", "settings.conf": strings.Repeat("x", 2000), "empty": ""}
	var files []segments.File
	for _, name := range slices.Sorted(maps.Keys(want)) {
		files = append(files, segments.File{Name: name, Content: want[name]})
	}
	text, err := archive(files)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for reader := tar.NewReader(strings.NewReader(text)); ; {
		header, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			t.Fatal(err)
		}
		if header.FileInfo().Mode().Perm() != 0o600 {
			t.Errorf("%s has the mode %v: others could read it", header.Name, header.FileInfo().Mode())
		}
		got[header.Name] = string(content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

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
		if got := lastLines(test.text, test.n); got != test.want {
			t.Errorf("of %q: %q, want %q", test.text, got, test.want)
		}
	}
}

func TestExecErrorWhy(t *testing.T) {
	for output, want := range map[string]string{
		"":                                      "",
		"not ready: the instance is starting\n": "not ready: the instance is starting",
		"ERROR:  no function f\nLINE 1: select f()\n               ^\nHINT:  Add casts.\n":  "ERROR:  no function f",
		"psql: error: connection to server on socket failed: FATAL:  the database starts\n": "psql: error: connection to server on socket failed: FATAL:  the database starts",
	} {
		if got := (&ExecError{Output: output}).why(); got != want {
			t.Errorf("of %q: %q, want %q", output, got, want)
		}
	}
}

func TestExecErrorShortOfMemory(t *testing.T) {
	for output, want := range map[string]bool{
		"ERROR:  Canceling query because of high VMEM usage. Used: 44MB, available 10MB, red zone: 94MB (runaway_cleaner.c:189)\n": true,
		"ERROR:  Out of memory  (seg1 10.0.0.1:40000 pid=1)\nDETAIL:  Vmem limit reached\n":                                        true,
		"ERROR:  permission denied\n": false,
	} {
		if got := (&ExecError{Output: output}).shortOfMemory(); got != want {
			t.Errorf("of %q: %t", output, got)
		}
	}
}

func TestExecErrorText(t *testing.T) {
	err := &ExecError{Pod: "demo-primary-0", Argv: []string{"/bin/bash", strings.Repeat("x", 200)}, Status: 3, Output: "1\n2\n3\n4\n5\n6\n"}
	want := "in pod demo-primary-0: /bin/bash " + strings.Repeat("x", 107) + "...: exit status 3: 2 | 3 | 4 | 5 | 6"
	if got := err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// execAPI is an API in whose pods scripts answer what the test says.
func execAPI(answer func(script string, args []string, stdin io.Reader, out, errs io.Writer) int) *memoryAPI {
	a := newAPI()
	a.exec = func(_ string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		return answer(strings.TrimPrefix(argv[1], "/gpk/scripts/"), argv[2:], stdin, out, errs)
	}
	return a
}

func TestRun(t *testing.T) {
	a := execAPI(func(_ string, args []string, stdin io.Reader, out, errs io.Writer) int {
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
			return cut
		}
		return 0
	})
	target := a.served(t)
	run := func(args ...string) (string, error) {
		return target.run(t.Context(), "demo-primary-0", segments.Command{Argv: append([]string{"/bin/bash", "script"}, args...), Stdin: "hello"})
	}
	if out, err := run("echo", "a b", "c'd\n"); err != nil || out != `hello ["a b" "c'd\n"]` {
		t.Errorf("%q, error %v", out, err)
	}
	if out, err := run("large"); err != nil || len(out) != 300_000 {
		t.Errorf("%d bytes, error %v", len(out), err)
	}
	for args, want := range map[string]ExecError{
		"fails":        {Pod: "demo-primary-0", Status: 7, Output: "one\ntwo\n"},
		"fails mutely": {Pod: "demo-primary-0", Status: 1, Output: "on standard output"},
	} {
		var exit *ExecError
		if _, err := run(args); !errors.As(err, &exit) || exit.Pod != want.Pod || exit.Status != want.Status || exit.Output != want.Output {
			t.Errorf("%s: error %v, want %+v", args, err, want)
		}
	}
	// Whether a cut stream is an error is up to the client library; it must not look like an exit status.
	var exit *ExecError
	if _, err := run("cut"); errors.As(err, &exit) {
		t.Errorf("a cut stream looks like %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := target.run(ctx, "demo-primary-0", segments.Script("run.sh", "echo")); err == nil {
		t.Error("it ran although it had been cancelled")
	}
}

func TestJobState(t *testing.T) {
	tests := []struct {
		out  string
		want jobState
		err  string
	}{
		{"absent\n", jobState{Phase: "absent"}, ""},
		{"lost\n", jobState{Phase: "lost"}, ""},
		{"running 2026-11-22T12:00:00Z\n", jobState{Phase: "running", Since: "2026-11-22T12:00:00Z"}, ""},
		{"exited 2\n", jobState{Phase: "exited", Status: 2}, ""},
		{"exited \n", jobState{}, "came back as"},
		{"exit", jobState{}, "unknown phase"},
		{"", jobState{}, "unknown phase"},
	}
	out := ""
	target := execAPI(func(_ string, _ []string, _ io.Reader, w, _ io.Writer) int {
		fmt.Fprint(w, out)
		return 0
	}).served(t)
	for _, test := range tests {
		out = test.out
		state, err := job{target, "demo-coordinator-0", "gpinitsystem"}.state(t.Context())
		if state != test.want || test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%q: %+v, error %v", test.out, state, err)
		}
	}
}

// Streams break, the job goes on, and every line of its log arrives once.
func TestJobFollowedAcrossBrokenStreams(t *testing.T) {
	const log = "line 1\nline 2\nline 3\nline 4\n"
	follows, told := 0, 0
	target := execAPI(func(_ string, args []string, _ io.Reader, out, _ io.Writer) int {
		if args[0] == "state" {
			if told == len(log) {
				fmt.Fprint(out, "exited 3\n")
			} else {
				fmt.Fprint(out, "running 2026-11-22T12:00:00Z\n")
			}
			return 0
		}
		offset, err := strconv.Atoi(args[2])
		if err != nil || args[0] != "follow" || offset != told {
			t.Errorf("%q after %d bytes", args, told)
		}
		follows++
		piece := log[told:min(told+11, len(log))]
		told += len(piece)
		fmt.Fprint(out, piece)
		if told < len(log) {
			return cut
		}
		return 0
	}).served(t)
	var lines []string
	status, err := job{target, "demo-coordinator-0", "gpinitsystem"}.finish(t.Context(), func(line string) { lines = append(lines, line) })
	if err != nil || status != 3 {
		t.Errorf("exit status %d, error %v", status, err)
	}
	if got := strings.Join(lines, "\n") + "\n"; got != log || follows != 3 {
		t.Errorf("followed %d times, and read %q", follows, got)
	}
}

// A job whose process is gone without a status is an error: nobody knows what it did.
func TestJobLost(t *testing.T) {
	target := execAPI(func(_ string, args []string, _ io.Reader, out, _ io.Writer) int {
		if args[0] == "state" {
			fmt.Fprint(out, "lost\n")
		}
		return 0
	}).served(t)
	_, err := job{target, "demo-coordinator-0", "gpinitsystem"}.finish(t.Context(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "the job gpinitsystem in pod demo-coordinator-0 is lost") {
		t.Errorf("error %v", err)
	}
}

// A utility that failed is told with its pod, and with what the logs say, or else with its own last lines.
func TestJobFails(t *testing.T) {
	for why, want := range map[string]string{
		"":      "  [INFO]:-Checking | [FATAL]:-data directory exists",
		"end\n": "  [INFO]:-Checking | [FATAL]:-data directory exists",
		"startup.log: FATAL: no\nx.log: too\nend\n": "  demo-coordinator-0: startup.log: FATAL: no\n  demo-coordinator-0: x.log: too",
	} {
		target := execAPI(func(script string, args []string, _ io.Reader, out, _ io.Writer) int {
			switch {
			case script == "why.sh":
				fmt.Fprint(out, why)
			case args[0] == "state":
				fmt.Fprint(out, "exited 1\n")
			case args[0] == "tail":
				fmt.Fprint(out, "[INFO]:-Checking\n[FATAL]:-data directory exists\n")
			}
			return 0
		}).served(t)
		err := target.runJob(t.Context(), "demo-coordinator-0", "gpinitsystem", segments.Utility{Argv: []string{"gpinitsystem", "-a"}}, func(string) {})
		want = "in pod demo-coordinator-0: gpinitsystem: exit status 1\n" + want
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// What was started goes on when gpk stops following it.
func TestJobFollowCancelled(t *testing.T) {
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	var kills []string
	target := execAPI(func(_ string, args []string, _ io.Reader, _, _ io.Writer) int {
		if args[0] == "follow" {
			cancel(interrupted)
			return cut
		}
		kills = append(kills, args[0])
		return 0
	}).served(t)
	if _, err := (job{target, "demo-coordinator-0", "gpinitsystem"}).finish(ctx, func(string) {}); !errors.Is(err, interrupted) {
		t.Errorf("error %v", err)
	}
	if len(kills) > 0 {
		t.Errorf("it went on with %q", kills)
	}
}

// What arrives after an exec was given up goes nowhere.
func TestTap(t *testing.T) {
	var text strings.Builder
	out := &tap{to: &text}
	if _, err := out.Write([]byte("before")); err != nil {
		t.Fatal(err)
	}
	out.shut()
	if n, err := out.Write([]byte("after")); n != 0 || err == nil || text.String() != "before" {
		t.Errorf("%d bytes more, error %v: %q", n, err, text.String())
	}
}
