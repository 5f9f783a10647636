package apply

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// Of a large cluster some hosts listen at a time, and every connection is tried. What fails first is tried again.
func TestManyLinks(t *testing.T) {
	cluster := shape(t)
	cluster.Spec.Segments.Count = 300
	p, err := plan.Create(cluster)
	if err != nil {
		t.Fatal(err)
	}
	var action plan.Reach
	for _, step := range p.Steps {
		if reach, found := step.Action.(plan.Reach); found {
			action = reach
		}
	}
	c := newCreation(t)
	c.database = newDatabase(c.api, topology.New(cluster))
	world := c.api.exec
	tried := map[string]int{}
	c.api.exec = func(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		if !strings.HasSuffix(argv[1], "/ports.sh") {
			return world(pod, argv, stdin, out, errs)
		}
		input, _ := io.ReadAll(stdin)
		listening := 0
		for line := range strings.Lines(string(input)) {
			link, connects := strings.CutPrefix(strings.TrimSpace(line), "connect ")
			if !connects {
				listening++
				continue
			}
			if tried[link]++; tried[link] == 1 && strings.HasPrefix(link, "demo-mirror-299.") {
				fmt.Fprintf(out, "no %s Connection refused\n", link)
				continue
			}
			fmt.Fprintf(out, "ok %s\n", link)
		}
		fmt.Fprintln(out, "end")
		if listening > linkHosts {
			t.Errorf("%d hosts listen at a time", listening)
		}
		return 0
	}
	h := &reachHandler{target: c.api.served(t), action: action}
	if err := h.Do(t.Context(), func(string) {}); err != nil || !h.tried {
		t.Errorf("tried is %t, error %v", h.tried, err)
	}
	for _, link := range action.Links {
		if name := fmt.Sprintf("%s %s %d", link.From, link.To, link.Port); tried[name] == 0 {
			t.Errorf("%s was not tried", name)
		}
	}
	if len(tried) != len(segments.Links(topology.New(cluster))) {
		t.Errorf("%d connections were tried", len(tried))
	}
}

// What takes longer than the patience for it is tried again all the same, and is given up some time.
func TestUntilSlow(t *testing.T) {
	for fails, want := range map[int]int{0: 1, 1: 2, 9: 2} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			err := until(context.Background(), time.Minute, func(string) {}, func() ([]string, error) {
				time.Sleep(3 * time.Minute)
				if tries++; tries <= fails {
					return []string{"nobody listens"}, nil
				}
				return nil, nil
			}, "in vain: %s")
			if tries != want || (err != nil) != (fails >= want) {
				t.Errorf("of %d that fail: tried %d times, error %v", fails, tries, err)
			}
		})
	}
}
