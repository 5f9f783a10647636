package window

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// Nothing that delete is there to remove keeps it from that.
func TestStopBeforeRemoval(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*running)
		before engine.State
		said   string
	}{
		"two coordinators": {func(r *running) {
			pod := apitest.Pod("demo-coordinator-1", apitest.Runs(), true)
			pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
			r.api.Put(pod)
		}, engine.Done, "two coordinators answer, in pods demo-coordinator-0 and demo-coordinator-1"},
		"scripts of another gpk": {func(r *running) {
			r.api.Exec = func(_ string, _ []string, _ io.Reader, _, errs io.Writer) int {
				fmt.Fprintln(errs, "unknown verb: coordinator")
				return 2
			}
		}, engine.Done, "pod demo-coordinator-0 has the scripts of another version of gpk"},
		"a volume without room": {func(r *running) {
			answer := r.api.Exec
			r.api.Exec = func(pod string, argv []string, in io.Reader, out, errs io.Writer) int {
				if strings.Contains(strings.Join(argv, " "), "job.sh") {
					fmt.Fprintln(errs, "No space left on device")
					return 1
				}
				return answer(pod, argv, in, out, errs)
			}
		}, engine.Pending, "No space left on device"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning()
			test.change(r)
			c := r.cluster(t)
			handlers := engine.Handlers{}
			Register(handlers, c.Kube, c.Remote, c.Store, c.Pods, c.DB)
			step := plan.Delete(apitest.Ref, true).Steps[0]
			h, err := handlers.Of(step)
			if err != nil {
				t.Fatal(err)
			}
			finding, err := h.Check(t.Context())
			if err != nil || finding.State != test.before {
				t.Fatalf("before: %+v, error %v", finding, err)
			}
			if test.before == engine.Pending {
				if err := h.Do(t.Context(), func(string) {}); err != nil {
					t.Fatal(err)
				}
				if finding, err = h.Check(t.Context()); err != nil || finding.State != engine.Done {
					t.Fatalf("afterwards: %+v, error %v", finding, err)
				}
			}
			said := strings.Join(finding.Details, "\n")
			if !strings.HasPrefix(said, "gpk cannot stop the database first") || !strings.Contains(said, test.said) {
				t.Errorf("it says %q", said)
			}
		})
	}
}
