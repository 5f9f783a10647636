//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// loadTables is how many tables the clients of a load write to and ask.
const loadTables = 10

// TestExpandUnderLoad has clients write to, and ask, the very tables whose rows are being moved: each of them waits while its
// table is, and none is told off.
func TestExpandUnderLoad(t *testing.T) {
	t.Parallel()
	s := shape{primaries: 1}
	c := newCluster(t, s)
	c.gpk("create", "-f", c.file).want(t, 0)
	for i := range loadTables {
		c.sql("analytics", fmt.Sprintf("create table load_%d (id int, what text); insert into load_%[1]d select -i, 'row '||i from generate_series(1, 20000) i", i))
	}
	c.gpk("expand", "--segments", "2", "--no-redistribute").want(t, 0)
	s.primaries = 2

	l := c.loads("demo-primary-0")
	l.waitFor(100)
	begin := l.now()
	c.gpk("expand", "--resume").want(t, 0)
	end := l.now()
	l.waitFor(100)
	l.wantServed(begin, end)
	primaries := c.wantWhole(s)
	for i := range loadTables {
		c.wantRowsOnAll(fmt.Sprintf("load_%d", i), primaries)
	}
}

// loading is four clients in a pod that write and ask through the clients' Service, as fast as they are answered.
type loading struct {
	c    *cluster
	pod  string
	done chan error
}

// loadScript notes of every statement when it was answered, in milliseconds, what it was and whether it failed: w of a row
// written, q of a question.
const loadScript = environment + `cd "$(mktemp -d /tmp/load-XXXXXX)" && ln -sfn "$PWD" /tmp/load
client() {
  for ((n = 0; ; n++)); do
    [ ! -e stop ] || break
    what="w $(($1 * 1000000 + n)) $((n % 10))"
    ask="insert into load_$((n % 10)) values ($(($1 * 1000000 + n)), 'new')"
    if [ $((n % 2)) = 1 ]; then what=q ask="select count(*) from load_$((n % 10))"; fi
    answered=ok
    psql -XAtq -v ON_ERROR_STOP=1 -h demo-coordinator -d analytics -c "$ask" >/dev/null 2>"error$1" || answered="failed $(tr '\n' ' ' <"error$1")"
    echo "$(date +%s%3N) $answered $what" >>"answers$1"
  done
}
for id in 1 2 3 4; do client $id & done
wait`

func (c *cluster) loads(pod string) *loading {
	c.t.Helper()
	l := &loading{c, pod, make(chan error, 1)}
	ctx, stop := context.WithCancel(c.ctx)
	c.t.Cleanup(stop)
	go func() {
		_, err := c.exec(ctx, pod, loadScript)
		l.done <- err
	}()
	return l
}

// now is the time of the pod's clock in milliseconds.
func (l *loading) now() int64 {
	l.c.t.Helper()
	ms, err := strconv.ParseInt(l.c.in(l.pod, "date +%s%3N"), 10, 64)
	l.c.must(nil, err)
	return ms
}

// waitFor waits for so many answers more.
func (l *loading) waitFor(answers int) {
	l.c.t.Helper()
	const count = "cat /tmp/load/answers* 2>/dev/null | wc -l"
	l.c.in(l.pod, `before=$(`+count+`); for ((i = 0; i < 1200; i++)); do [ "$((`+"$("+count+`) - before))" -lt "$1" ] || exit 0; sleep 0.1; done; exit 1`,
		fmt.Sprint(answers))
}

// wantServed ends the load and wants no statement to have failed, some of either kind to have been answered between two times,
// and every row to be there that was written.
func (l *loading) wantServed(begin, end int64) {
	t := l.c.t
	t.Helper()
	l.c.in(l.pod, "touch /tmp/load/stop")
	l.c.must(nil, <-l.done)
	written, served := map[string][]string{}, map[string]int{}
	for line := range strings.Lines(l.c.in(l.pod, "cat /tmp/load/answers*")) {
		word := strings.Fields(line)
		if word[1] != "ok" {
			t.Errorf("a statement failed: %s", line)
			continue
		}
		if at, err := strconv.ParseInt(word[0], 10, 64); err == nil && begin < at && at < end {
			served[word[2]]++
		}
		if word[2] == "w" {
			written[word[4]] = append(written[word[4]], word[3])
		}
	}
	t.Logf("within the %.1f s of the redistribution, %d rows were written and %d questions answered", float64(end-begin)/1000, served["w"], served["q"])
	if served["w"] < 10 || served["q"] < 10 {
		t.Error("the clients had to wait for its end")
	}
	for table, ids := range written {
		found := strings.Fields(l.c.sql("analytics", "select id from load_"+table+" where id > 0"))
		for _, id := range ids {
			if !slices.Contains(found, id) {
				t.Errorf("row %s of load_%s was acknowledged and is not there", id, table)
			}
		}
	}
}
