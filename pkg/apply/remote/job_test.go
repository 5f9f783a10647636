package remote

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"gpk/pkg/segments"
	"gpk/test/remotetest"
)

func TestArchive(t *testing.T) {
	want := map[string]string{"gpinitsystem.conf": "A=1\n", "settings.conf": strings.Repeat("x", 2000), "empty": ""}
	var files []segments.File
	for _, name := range slices.Sorted(maps.Keys(want)) {
		files = append(files, segments.File{Name: name, Content: want[name]})
	}
	text, err := Archive(files)
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

// Earlier runs of a job are no jobs.
func TestJobs(t *testing.T) {
	pods := scripts(t, func(_ string, argv []string, _ io.Reader, w, _ io.Writer) int {
		fmt.Fprintln(w, strings.Join([]string{"gpconfig-a.b", "gpstart", "gpstart.20261122T120000.000000001", "gpstop.20261122T120000.5"}, "\n"))
		return map[bool]int{false: 1}[slices.Contains(argv, "ls")]
	})
	jobs, err := pods.Jobs(t.Context(), "demo-coordinator-0")
	var names []string
	for _, job := range jobs {
		names = append(names, job.Name)
	}
	if diff := cmp.Diff([]string{"gpconfig-a.b", "gpstart"}, names); diff != "" || err != nil {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestJobState(t *testing.T) {
	tests := []struct {
		out  string
		want JobState
		err  string
	}{
		{"absent\n", JobState{Phase: "absent"}, ""},
		{"lost\n", JobState{Phase: "lost"}, ""},
		{"running 2026-11-22T12:00:00Z\n", JobState{Phase: "running", Since: "2026-11-22T12:00:00Z"}, ""},
		{"exited 2\n", JobState{Phase: "exited", Status: 2}, ""},
		{"exited \n", JobState{}, "is unreadable"},
		{"exit", JobState{}, "unknown phase"},
		{"", JobState{}, "unknown phase"},
	}
	out := ""
	pods := scripts(t, func(_ string, _ []string, _ io.Reader, w, _ io.Writer) int {
		fmt.Fprint(w, out)
		return 0
	})
	for _, test := range tests {
		out = test.out
		state, err := pods.Job("demo-coordinator-0", "gpinitsystem").State(t.Context())
		if state != test.want || test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%q: %+v, error %v", test.out, state, err)
		}
	}
}

// Streams break, the job goes on, and every line of its log arrives once.
func TestJobFollowedAcrossBrokenStreams(t *testing.T) {
	const log = "line 1\nline 2\nline 3\nline 4\n"
	var mutex sync.Mutex
	follows, told := 0, 0
	pods := scripts(t, func(_ string, args []string, _ io.Reader, out, _ io.Writer) int {
		mutex.Lock()
		defer mutex.Unlock()
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
			return remotetest.Cut
		}
		return 0
	})
	var lines []string
	status, err := pods.Job("demo-coordinator-0", "gpinitsystem").Finish(t.Context(), func(line string) { lines = append(lines, line) })
	if err != nil || status != 3 {
		t.Errorf("exit status %d, error %v", status, err)
	}
	if got := strings.Join(lines, "\n") + "\n"; got != log || follows != 3 {
		t.Errorf("followed %d times, and read %q", follows, got)
	}
}

// A job whose process is gone without a status is an error: nobody knows what it did.
func TestJobLost(t *testing.T) {
	pods := scripts(t, func(_ string, args []string, _ io.Reader, out, _ io.Writer) int {
		if args[0] == "state" {
			fmt.Fprint(out, "lost\n")
		}
		return 0
	})
	_, err := pods.Job("demo-coordinator-0", "gpinitsystem").Finish(t.Context(), func(string) {})
	if err == nil || !strings.Contains(err.Error(), "the job gpinitsystem in pod demo-coordinator-0 is lost") {
		t.Errorf("error %v", err)
	}
}

// What was started goes on when gpk stops following it.
func TestJobFollowCancelled(t *testing.T) {
	interrupted := errors.New("interrupted")
	ctx, cancel := context.WithCancelCause(t.Context())
	var kills []string
	pods := scripts(t, func(_ string, args []string, _ io.Reader, _, _ io.Writer) int {
		if args[0] == "follow" {
			cancel(interrupted)
			return remotetest.Cut
		}
		kills = append(kills, args[0])
		return 0
	})
	if _, err := pods.Job("demo-coordinator-0", "gpinitsystem").Finish(ctx, func(string) {}); !errors.Is(err, interrupted) {
		t.Errorf("error %v", err)
	}
	if len(kills) > 0 {
		t.Errorf("it went on with %q", kills)
	}
}
