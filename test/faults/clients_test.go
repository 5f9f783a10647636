//go:build faults

package faults

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gpk/test/history"
)

// clients write rows and read them, each in a pod of the cluster, whose clock they share: one machine runs all of the bench. They write down
// what they do as package history says, on their pods' volumes, which outlive the pods' machines.
type clients struct {
	c     *cluster
	table string
	pods  []string
}

// Of the clients, these two connect through the clients' Service for each statement, and the third keeps its session, beside the
// coordinator: on a machine that is paused or cut off it has all that it needs.
const (
	manyConnections = `go=/greenplum/history.$1 file=/greenplum/history.$1.$2 host=$3
touch "$go" "$file"
ask() { PGCONNECT_TIMEOUT=5 timeout 30 psql -XAtq -v ON_ERROR_STOP=1 -h "$host" -d analytics; }
for ((i = $2; ; i += 3)); do
  [ -e "$go" ] || exit 0
  begun=$EPOCHREALTIME
  echo "b $i $begun" >>"$file"
  if by=$(ask <<<"insert into $1 values ($i); select host(inet_server_addr());"); then echo "w $i $begun $EPOCHREALTIME $by" >>"$file"; fi
  begun=$EPOCHREALTIME
  if seen=$(ask <<<"select id from $1; select 'by ' || host(inet_server_addr());"); then
    echo "r $begun $EPOCHREALTIME ${seen##*by } $(grep -v by <<<"$seen" | paste -sd ,)" >>"$file"
  fi
  sleep 0.3
done`
	oneSession = `go=/greenplum/history.$1 file=/greenplum/history.$1.$2 i=$2
touch "$go" "$file"
by=$(hostname -i)
statements() {
  for ((end = i + 30000; i < end; i += 3)); do
    [ -e "$go" ] || return
    echo "\\set b \` + "`date +%s.%6N\\`" + `
\\echo b $i :b
insert into $1 values ($i);
\\set e \` + "`date +%s.%6N\\`" + `
\\echo w $i :b :e ${by%% *}"
    sleep 0.2
  done
}
while [ -e "$go" ]; do
  statements "$1" | stdbuf -oL psql -XAtq -v ON_ERROR_STOP=1 -d analytics >>"$file"
  i=$((i + 30000))
  sleep 0.5
done`
)

// watched makes a table and has clients work on it.
func (c *cluster) watched() (*clients, error) {
	c.cases++
	w := &clients{c: c, table: fmt.Sprintf("ledger%d", c.cases)}
	if _, err := c.sql("analytics", "create table "+w.table+" (id int)"); err != nil {
		return nil, err
	}
	s, err := c.status()
	if err != nil {
		return nil, err
	}
	w.pods = []string{name + "-primary-0", name + "-mirror-0", s.Coordinator}
	for i, script := range []string{manyConnections, manyConnections, oneSession} {
		background := environment + `setsid nohup bash -c "$4" client "$1" "$2" "$3" >/dev/null 2>&1 </dev/null &`
		if _, err := c.exec(c.ctx, w.pods[i], background, w.table, fmt.Sprint(i+1), name+"-coordinator", script); err != nil {
			return nil, err
		}
	}
	return w, within(time.Minute, func() error {
		rows, err := c.sql("analytics", "select count(*) from "+w.table)
		if err == nil && len(rows) < 2 {
			err = fmt.Errorf("the clients have written %s rows", rows)
		}
		return err
	})
}

// judge ends the clients, and judges what they have written down.
func (w *clients) judge() (ops []history.Op, v history.Verdict, err error) {
	for i, pod := range w.pods {
		ctx, cancel := context.WithTimeout(w.c.ctx, time.Minute)
		said, err := w.c.exec(ctx, pod, `rm -f "/greenplum/history.$1"; sleep 2; cat "/greenplum/history.$1.$2"; rm "/greenplum/history.$1.$2"`,
			w.table, fmt.Sprint(i+1))
		cancel()
		if err != nil {
			return nil, v, fmt.Errorf("the history in pod %s: %w", pod, err)
		}
		its, err := history.Parse(i+1, said+"\n")
		if err != nil {
			return nil, v, err
		}
		ops = append(ops, its...)
	}
	out, err := w.c.sql("analytics", "select id from "+w.table)
	if err != nil {
		return nil, v, err
	}
	last, err := history.Parse(0, "r 0.0 0.0 end "+strings.Join(strings.Fields(out), ",")+"\n")
	if err != nil {
		return nil, v, err
	}
	v, err = history.Judge(ops, last[0].Seen)
	return ops, v, err
}
