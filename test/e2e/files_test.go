//go:build e2e

package e2e

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// faultyFile is a cluster.yaml that no cluster can be made of.
type faultyFile struct {
	// change is what differs from a file that is right: old and new text, in pairs.
	change []string
	// says are words of the error: line, field and what is wrong there.
	says []string
}

func faultyFiles() map[string]faultyFile {
	return map[string]faultyFile{
		"no YAML at all": {[]string{"  segments:\n", "\tsegments:\n"}, []string{"line 11: this is not YAML"}},
		"cut off":        {[]string{`md5"]`, `md5`}, []string{"line 20: this is not YAML: found unexpected end of stream"}},
		"no text":        {[]string{"demo", "de\xffmo"}, []string{"line 3: ", "not UTF-8"}},
		"wrong types": {[]string{"count: 1", "count: many", "standby: false", "standby: [perhaps]", "\n    storage: {size: 1Gi}\n  database", "\n    storage: 1Gi\n  database"},
			[]string{`line 12: spec.segments.count: "many" is not allowed`, "line 8: spec.coordinator.standby: a list is not allowed",
				`line 16: spec.segments.storage: "1Gi" is not allowed`}},
		"keys given twice": {[]string{"  database:\n", "  database: {name: first}\n  database:\n", "perPod: 1", "perPod: 1\n    perPod: 2"},
			[]string{"line 14: spec.segments.perPod: given twice, first on line 13", "line 19: spec.database: given twice, first on line 18"}},
		"a field that is not known": {[]string{"    mirrors:", "    mirors:"}, []string{"line 14: spec.segments.mirors: unknown field: did you mean mirrors?"}},
		"aliases of aliases": {patched("{spec: {volumes: [&v {name: a, configMap: {items: [&i {key: a, path: b}" +
			strings.Repeat(", *i", 60) + "]}}" + strings.Repeat(", *v", 150) + "]}}"), []string{"line 1: the file has more than 20000 values"}},
	}
}

// TestFaultyFiles wants each answered with its line and its field, and the API server asked for nothing.
func TestFaultyFiles(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	for title, faulty := range faultyFiles() {
		file := c.changed("faulty.yaml", faulty.change...)
		for _, command := range []string{"create", "diff"} {
			t.Run(strings.ReplaceAll(title, " ", "-")+"/"+command, func(t *testing.T) {
				c.gpk(command, "-f", file).want(t, 2).says(t, append(faulty.says, file, "next: fix")...).quick(t)
			})
		}
	}
	c.wantSame(empty)
}

// huge is how many bytes a file has that somebody took for a cluster.yaml.
const huge = 50_000_000

// TestHugeFile gives gpk 50 MB: as a file, of which the size is enough, and as streams, of which it reads no more than it takes
// to see that they are too long. Without its comments the file would be right.
func TestHugeFile(t *testing.T) {
	t.Parallel()
	c := newCluster(t, small())
	empty := c.objects()
	text, err := os.ReadFile(c.file)
	c.must(nil, err)
	line := []byte(strings.Repeat("#", 79) + "\n")
	content := append(text, bytes.Repeat(line, (huge-len(text))/len(line)+1)...)[:huge]
	path := filepath.Join(c.home, "huge.yaml")
	c.must(nil, os.WriteFile(path, content, 0o600))
	c.gpk("create", "-f", path).want(t, 2).says(t, path, "line 1: the file has 50000000 bytes and at most 1048576 are read", "next:").quick(t)

	stream := &counted{from: bytes.NewReader(content)}
	c.feed(stream, "create", "-f", "-").want(t, 2).says(t, "line 1: the file has more than 1048576 bytes", "next:").quick(t)
	// Besides what gpk reads, the pipe to it and who writes to that hold some.
	if taken := stream.taken.Load(); taken > 2<<20 {
		t.Errorf("of a stream of %d bytes, %d were read", huge, taken)
	}
	c.wantSame(empty)
}

// quick fails the test if gpk took longer than a look at a file takes, on a machine that has other things to do.
func (r result) quick(t *testing.T) {
	t.Helper()
	if r.stdout != "" {
		t.Errorf("gpk %s: standard output holds %q", strings.Join(r.args, " "), r.stdout)
	}
	if r.took > 5*time.Second {
		t.Errorf("gpk %s took %s", strings.Join(r.args, " "), r.took)
	}
}

// counted counts what is read of it.
type counted struct {
	from  io.Reader
	taken atomic.Int64
}

// Read is that of from.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.taken.Add(int64(n))
	return n, err
}
