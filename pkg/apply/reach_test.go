package apply

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// Of a large cluster some hosts listen at a time, and every connection is tried. What fails first is tried again.
func TestManyLinks(t *testing.T) {
	cluster := apitest.Cluster(t)
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
	world := c.api.Exec
	tried := map[string]int{}
	c.api.Exec = func(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
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
		if listening > 100 {
			t.Errorf("%d hosts listen at a time", listening)
		}
		return 0
	}
	c.api.Put(apitest.Pod("demo-coordinator-0", apitest.Runs(), true))
	h := handlerOf(t, clusterFor(t, apitest.Served(t, c.api)), action)
	if err := h.Do(t.Context(), func(string) {}); err != nil {
		t.Errorf("error %v", err)
	}
	if finding, err := h.Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("tried, and found %+v, error %v", finding, err)
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
