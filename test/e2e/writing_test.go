//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// writing is a client that writes one row after the other through the clients' Service, whatever happens to the database, and
// notes which of them were acknowledged.
type writing struct {
	c    *cluster
	stop context.CancelFunc
	done sync.WaitGroup
	// acknowledged are the rows with when they were, in order.
	acknowledged []int
	at           []time.Time
	last         error
}

// writes makes the table ledger and starts to write to it.
func (c *cluster) writes() *writing {
	c.t.Helper()
	c.sql("analytics", "create table ledger (id int)")
	ctx, stop := context.WithCancel(c.ctx)
	w := &writing{c: c, stop: stop}
	w.done.Go(func() {
		for id := 1; ctx.Err() == nil; id++ {
			w.write(ctx, id)
			select {
			case <-ctx.Done():
			case <-time.After(200 * time.Millisecond):
			}
		}
	})
	c.t.Cleanup(func() { stop(); w.done.Wait() })
	return w
}

// write has a pod of the cluster play the client: pods come and go, and what has no answer in time was not acknowledged.
func (w *writing) write(ctx context.Context, id int) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err := w.c.exec(ctx, "demo-primary-0", environment+`PGCONNECT_TIMEOUT=5 timeout 15 psql -XAtq -v ON_ERROR_STOP=1 -h "$1" -d analytics -c "$2"`,
		"demo-coordinator", fmt.Sprintf("insert into ledger values (%d)", id))
	if err != nil {
		w.last = err
		return
	}
	w.acknowledged = append(w.acknowledged, id)
	w.at = append(w.at, time.Now())
}

// wantAll stops the client and wants every row that it knows to be written.
func (w *writing) wantAll() {
	w.c.t.Helper()
	w.stop()
	w.done.Wait()
	if len(w.acknowledged) < 2 {
		w.c.t.Fatalf("the client has written %d rows; the last error: %v", len(w.acknowledged), w.last)
	}
	found := strings.Fields(w.c.sql("analytics", "select id from ledger"))
	for _, id := range w.acknowledged {
		if !slices.Contains(found, fmt.Sprint(id)) {
			w.c.t.Errorf("row %d was acknowledged and is not there", id)
		}
	}
	var gap time.Duration
	for i, at := range w.at[1:] {
		gap = max(gap, at.Sub(w.at[i]))
	}
	w.c.t.Logf("%d rows were acknowledged and %d are there; the longest time without an answer was %.1fs", len(w.acknowledged), len(found), gap.Seconds())
}

// sleeper is a client whose one statement takes ten seconds. It is connected when this returns; what comes is how it ended.
func (c *cluster) sleeper() <-chan error {
	c.t.Helper()
	ended := make(chan error, 1)
	go func() {
		_, err := c.exec(c.ctx, "demo-primary-0", environment+`psql -X -h demo-coordinator -d analytics -c "select pg_sleep(10)"`)
		ended <- err
	}()
	c.patiently("the client is connected", func() (bool, error) {
		return c.sql("postgres", "select count(*) from pg_stat_activity where query = 'select pg_sleep(10)'") == "1", nil
	})
	return ended
}
