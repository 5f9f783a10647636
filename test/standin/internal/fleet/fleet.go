// Package fleet runs a command for each of many segments: the hosts at once,
// one ssh a host, and on a host all of its segments at once.
package fleet

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"gpk/test/standin/internal/catalog"
	"gpk/test/standin/internal/shell"
)

// Outcome is how a command went for one segment.
type Outcome struct {
	Output string
	Err    error
}

// Command gives the command line for a segment.
type Command func(catalog.Segment) string

// marker leads the line that ends a segment's output.
const marker = "standin-ended"

// Each runs a command line for each segment and gives the outcomes by dbid.
// At most width hosts are worked on at once.
func Each(ctx context.Context, sh shell.Shell, segments catalog.Segments, width int, command Command) map[int]Outcome {
	outcomes := map[int]Outcome{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	slots := make(chan struct{}, max(width, 1))
	for _, host := range segments.Hosts() {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			mine := segments.On(host)
			out, err := sh.Remote(ctx, host, script(mine, command))
			parsed := parse(out)
			mu.Lock()
			defer mu.Unlock()
			for _, s := range mine {
				o, ok := parsed[s.DBID]
				if !ok {
					if err == nil {
						err = fmt.Errorf("no answer from %s", host)
					}
					o = Outcome{Err: err}
				}
				outcomes[s.DBID] = o
			}
		})
	}
	wait.Wait()
	return outcomes
}

// script runs the commands of one host's segments at once, each with its output kept in a file until all have ended: what
// several print at once to one pipe comes out line by line as it likes.
func script(segments catalog.Segments, command Command) string {
	var run, show strings.Builder
	for _, s := range segments {
		fmt.Fprintf(&run, "{ ( %s ) >\"$kept/%[2]d\" 2>&1; echo $? >\"$kept/%[2]d.status\"; } &\n", command(s), s.DBID)
		fmt.Fprintf(&show, "cat \"$kept/%[1]d\"; printf '\\n%[2]s %[1]d %%s\\n' \"$(cat \"$kept/%[1]d.status\")\"\n", s.DBID, marker)
	}
	return "kept=$(mktemp -d)\n" + run.String() + "wait\n" + show.String() + "rm -rf \"$kept\"\n"
}

func parse(out string) map[int]Outcome {
	parsed := map[int]Outcome{}
	var text []string
	for lines := bufio.NewScanner(strings.NewReader(out)); lines.Scan(); {
		rest, ended := strings.CutPrefix(lines.Text(), marker+" ")
		if !ended {
			text = append(text, lines.Text())
			continue
		}
		var dbid, status int
		if _, err := fmt.Sscan(rest, &dbid, &status); err != nil {
			continue
		}
		o := Outcome{Output: strings.TrimSpace(strings.Join(text, "\n"))}
		if status != 0 {
			o.Err = errors.New("status " + strconv.Itoa(status) + ": " + o.Output)
		}
		parsed[dbid], text = o, nil
	}
	return parsed
}

// Unreachable gives the hosts that ssh does not reach.
func Unreachable(ctx context.Context, sh shell.Shell, hosts []string, width int) map[string]bool {
	bad := map[string]bool{}
	var mu sync.Mutex
	var wait sync.WaitGroup
	slots := make(chan struct{}, max(width, 1))
	for _, host := range hosts {
		wait.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			if _, err := sh.Remote(ctx, host, "echo"); err != nil {
				mu.Lock()
				defer mu.Unlock()
				bad[host] = true
			}
		})
	}
	wait.Wait()
	return bad
}
