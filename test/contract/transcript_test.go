//go:build e2e

package contract

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gpk/test/kube"
)

var update = flag.Bool("update", false, "record testdata from the image, which must be a real Greenplum's")

// masks are what differs from run to run and from version to version.
var masks = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`^\d{8}:[\d:]+ (\w+):[\w-]+:gpadmin-`), "$1 "},
	{regexp.MustCompile(`(postgres|PostgreSQL)( \d[\d.]*)? \(Greenplum.*`), "VERSION"},
	{regexp.MustCompile(`(\d) build (commit:)?\w+`), "$1 BUILD"},
	{regexp.MustCompile(`[\w-]+(\.[\w-]+)+\.cluster\.local`), "HOST"},
	{regexp.MustCompile(`GPERA=[0-9a-f]+_\d+`), "GPERA=ERA"},
	{regexp.MustCompile(`logfile: [^;]+;`), "logfile: LOG;"},
	{regexp.MustCompile(`era is \w+`), "era is ERA"},
	{regexp.MustCompile(`/greenplum/[\w/-]+`), "DIR"},
	{regexp.MustCompile(`[0-9A-F]+/[0-9A-F]+`), "LSN"},
	{regexp.MustCompile(`\d+(\.\d+)*( \([^)]*\))?`), "N"},
	{regexp.MustCompile(`N(, N)*`), "N"},
	{regexp.MustCompile(`\s+`), " "},
}

// unsaid are lines that depend on the machine under the pods, on how long something took, on the language that a utility is
// written in, on whether the image has a program called python, or on whether gpadmin may write to its folder of packages.
var unsaid = regexp.MustCompile(`[Oo]pen files? limit is|^\S+ \(dbid \d+\): |DeprecationWarning|is symlink\. Assuming|^  logger\.warn\(` +
	`|The packages on \S+ are consistent|Syncing of \w+ Database extensions has failed|run .?gppkg (--clean|install --force)|denied: '\S+/(share/packages|usr)'`)

// detail is what pg_controldata says of a directory, some fifty lines, and the way of an error through a utility's files.
var detail = regexp.MustCompile(`(?s:stdout: pg_control version.*?\nstderr: ?\n)|Traceback \(most recent call last\):\n(?:[ \t].*\n)+.*\n`)

// shape is the lines of an output, masked, each once, in order: two runs have different numbers of the same kinds of lines.
func shape(output string) []string {
	var out []string
	for line := range strings.Lines(detail.ReplaceAllString(output, "")) {
		line = strings.TrimRight(line, "\n")
		if unsaid.MatchString(line) {
			continue
		}
		for _, m := range masks {
			line = m.pattern.ReplaceAllString(line, m.mask)
		}
		line = strings.TrimSpace(line)
		if strings.Trim(line, ".") == "" || slices.Contains(out, line) {
			continue
		}
		out = append(out, line)
	}
	return out
}

// says runs a command line in a pod and wants the exit status and the lines that testdata has under a name, in their order and
// no others, and some words too that lines without a fixed place have.
func (c *cluster) says(name, pod, command string, words ...string) {
	c.Helper()
	c.judge(name, command, c.run(pod, command), words...)
}

// judge compares what a command line has said.
func (c *cluster) judge(name, command string, said kube.Said, words ...string) {
	c.Helper()
	for _, word := range words {
		if !c.said(said.Output, word) {
			c.Errorf("%s does not say %q but\n%s", command, word, said.Output)
		}
	}
	got := append(shape(said.Output), fmt.Sprintf("[exit status %d]", said.Status))
	file := filepath.Join("testdata", "greenplum-"+c.series, name+".txt")
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			c.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(strings.Join(got, "\n")+"\n"), 0o600); err != nil {
			c.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(file)
	if err != nil {
		c.Fatal(err)
	}
	want := strings.Split(strings.TrimSpace(string(data)), "\n")
	if differences := compare(got, want); len(differences) > 0 {
		c.Errorf("%s is not as in %s:\n%s\nall of it:\n%s", command, file, strings.Join(differences, "\n"), said.Output)
	}
}

// compare tells what is missing, what is too much, or else that the order differs.
func compare(got, want []string) []string {
	var differences []string
	for _, line := range want {
		if !slices.Contains(got, line) {
			differences = append(differences, "missing:  "+line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			differences = append(differences, "too much: "+line)
		}
	}
	if len(differences) == 0 && !slices.Equal(got, want) {
		differences = append(differences, "in another order:", strings.Join(got, "\n"))
	}
	return differences
}

func TestShape(t *testing.T) {
	got := shape("20261122:10:30:01:000646 gpstate:coordinator-1:gpadmin-[INFO]:-   Total primary segments   = 4\n" +
		"20261122:10:30:01:000646 gpstate:coordinator-1:gpadmin-[INFO]:-   Total primary segments   = 2\n.....\n" +
		"20261122:10:30:01:000646 gpinitsystem:coordinator-0:gpadmin-[WARN]:-Coordinator open file limit is 20000 should be >= 65535\n")
	if want := []string{"gpstate [INFO]:- Total primary segments = N"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct{ got, want, differences string }{
		{"a b", "a b", ""},
		{"a", "a b", "missing:  b"},
		{"a b c", "a b", "too much: c"},
		{"b a", "a b", "in another order: b\na"},
	} {
		if differences := strings.Join(compare(strings.Fields(c.got), strings.Fields(c.want)), " "); differences != c.differences {
			t.Errorf("%q for %q: %q", c.got, c.want, differences)
		}
	}
}
