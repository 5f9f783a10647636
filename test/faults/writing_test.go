//go:build faults

package faults

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
	c            *cluster
	table        string
	stop         context.CancelFunc
	done         sync.WaitGroup
	acknowledged []int
	last         error
}

// writes makes a table of its own and starts to write to it.
func (c *cluster) writes() (*writing, error) {
	c.cases++
	ctx, stop := context.WithCancel(c.ctx)
	w := &writing{c: c, table: fmt.Sprintf("ledger%d", c.cases), stop: stop}
	create := "create table " + w.table + " (id int)"
	_, err := c.sql("analytics", create)
	if err != nil { // the preview of a command may have left the database stopped
		if err = c.does("start"); err == nil {
			_, err = c.sql("analytics", create)
		}
	}
	if err != nil {
		stop()
		return nil, err
	}
	w.done.Go(func() {
		for id := 1; ctx.Err() == nil; id++ {
			w.write(ctx, id)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	})
	return w, nil
}

// write has a pod of the cluster play the client. What has no answer in time was not acknowledged.
func (w *writing) write(ctx context.Context, id int) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	pod := fmt.Sprintf("%s-%s-0", name, []string{"primary", "mirror"}[id%2])
	_, err := w.c.exec(ctx, pod, environment+`PGCONNECT_TIMEOUT=5 timeout 15 psql -XAtq -v ON_ERROR_STOP=1 -h "$1" -d analytics -c "$2"`,
		name+"-coordinator", fmt.Sprintf("insert into %s values (%d)", w.table, id))
	if err != nil {
		w.last = err
		return
	}
	w.acknowledged = append(w.acknowledged, id)
}

// end stops the client.
func (w *writing) end() {
	w.stop()
	w.done.Wait()
}

// lost are the acknowledged rows that are not there.
func (w *writing) lost() (rows []int, err error) {
	w.end()
	out, err := w.c.sql("analytics", "select id from "+w.table)
	if err != nil {
		return nil, err
	}
	found := strings.Fields(out)
	for _, id := range w.acknowledged {
		if !slices.Contains(found, fmt.Sprint(id)) {
			rows = append(rows, id)
		}
	}
	return rows, nil
}
