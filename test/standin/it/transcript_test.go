package it

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What differs from run to run, and what the stand-in says of itself.
var masks = []struct {
	pattern *regexp.Regexp
	mask    string
}{
	{regexp.MustCompile(`^\d{8}:[\d:]+ (\w+):[\w-]+:gpadmin-`), "$1 "},
	{regexp.MustCompile(`PostgreSQL [\d.]+ \(Greenplum[^)]*\)`), "VERSION"},
	{regexp.MustCompile(`postgres \(Greenplum[^)]*\) [\d.]+ build [\w:]+`), "VERSION"},
	{regexp.MustCompile(`build [\w:]+`), "BUILD"},
	{regexp.MustCompile(`[\w-]+(\.[\w-]+)+\.cluster\.local`), "HOST"},
	{regexp.MustCompile(`GPERA=[0-9a-f]+_\d+`), "GPERA=ERA"},
	{regexp.MustCompile(`/greenplum/[\w/-]+`), "DIR"},
	{regexp.MustCompile(`[0-9A-F]+/[0-9A-F]+`), "LSN"},
	{regexp.MustCompile(`\d+(\.\d+)*( \([^)]*\))?`), "N"},
	{regexp.MustCompile(`N(, N)*`), "N"},
	{regexp.MustCompile(` +`), " "},
}

// shape gives the lines of an output, masked, each once, in order.
func shape(output string) []string {
	var out []string
	for _, line := range strings.Split(output, "\n") {
		for _, m := range masks {
			line = m.pattern.ReplaceAllString(line, m.mask)
		}
		line = strings.TrimSpace(line)
		if line != "" && strings.Trim(line, ".") != "" && !strings.HasPrefix(line, "[exit status") && !slices.Contains(out, line) {
			out = append(out, line)
		}
	}
	return out
}

// like wants an output to have the lines of a transcript of the real utility, in
// its order, and no others.
func (c *cluster) like(output, transcript string) {
	c.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", transcript+".txt"))
	if err != nil {
		c.Fatal(err)
	}
	// The line counts of two runs differ, the order of kinds of lines does not.
	got, want := shape(output), shape(string(data))
	for _, line := range want {
		if !slices.Contains(got, line) {
			c.Errorf("%s: the stand-in does not say %q", transcript, line)
		}
	}
	for _, line := range got {
		if !slices.Contains(want, line) {
			c.Errorf("%s: only the stand-in says %q", transcript, line)
		}
	}
	if !c.Failed() && !slices.Equal(got, want) {
		c.Errorf("%s: the order differs:\n%s\nnot\n%s", transcript, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestShape(t *testing.T) {
	got := shape("20261122:10:30:01:000646 gpstate:coordinator-1:gpadmin-[INFO]:-   Total primary segments   = 4\n" +
		"20261122:10:30:01:000646 gpstate:coordinator-1:gpadmin-[INFO]:-   Total primary segments   = 2\n.....\n[exit status 0]\n")
	if want := []string{"gpstate [INFO]:- Total primary segments = N"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
