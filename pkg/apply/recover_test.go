package apply

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// loneCoordinator is a whole database but for its standby, of which the volume holds a directory that is of no use.
func loneCoordinator(t *testing.T) *creation {
	t.Helper()
	c := newCreation(t)
	if _, _, err := c.run(0); err != nil {
		t.Fatal(err)
	}
	d := c.database
	d.standby, d.begun["gpinitstandby"] = false, 0
	c.api.Exec = func(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		if !strings.HasSuffix(argv[1], "/coordinator.sh") || !slices.Contains([]string{"aside", "halt", "follow"}, argv[2]) {
			return d.exec(pod, argv, stdin, out, errs)
		}
		if argv[2] == "aside" {
			d.mutex.Lock()
			defer d.mutex.Unlock()
			delete(d.volumes[pod].dirs, topology.CoordinatorDir)
		}
		return 0
	}
	return c
}

// beforeSegments is what gpk does of a recovery about the standby, where the segments' part of it fails. It returns the steps
// that were skipped, with what was told of them.
func (c *creation) beforeSegments() (skipped []string, err error) {
	c.t.Helper()
	whole, err := plan.Recover(apitest.Cluster(c.t), false, false, false)
	if err != nil {
		c.t.Fatal(err)
	}
	p := plan.Plan{Operation: "recover", Cluster: whole.Cluster}
	for _, step := range whole.Steps {
		switch step.ID {
		case "standby-first":
			p.Steps = append(p.Steps, step)
		case "segments":
			// Nobody can do it.
			p.Steps = append(p.Steps, plan.Step{ID: step.ID})
		}
	}
	url, stop := apitest.ServeAt(c.api)
	defer stop()
	tell := unheard()
	tell.Observe = func(event engine.Event) {
		if event.Kind == engine.StepSkipped {
			skipped = append(skipped, strings.Join(append([]string{event.Step.ID}, event.Finding.Details...), ": "))
		}
	}
	_, err = clusterAt(c.t, url).Run(c.t.Context(), p, Options{}, tell)
	return skipped, err
}

// The standby waits for no segment, and the segments wait for no standby.
func TestStandbyBeforeSegments(t *testing.T) {
	const away = "standby-first: there is no standby, and pod demo-coordinator-1 does not answer: the segments are recovered first"
	tests := map[string]struct {
		spoil   func(*creation)
		standby bool
		begun   int
		skipped []string
	}{
		"it is made":           {func(*creation) {}, true, 1, nil},
		"gpinitstandby fails":  {func(c *creation) { c.database.broken = "gpinitstandby" }, false, 1, nil},
		"its pod is away":      {func(c *creation) { c.api.Remove(apitest.Key("pods", "demo-coordinator-1")) }, false, 0, []string{away}},
		"its node is lost":     {(*creation).loseStandby, false, 0, []string{away}},
		"it is there and well": {func(c *creation) { c.database.standby = true }, true, 0, []string{"standby-first"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := loneCoordinator(t)
			c.api.FailWith(nil)
			test.spoil(c)
			skipped, err := c.beforeSegments()
			if err == nil || !strings.HasPrefix(err.Error(), "gpk has no handler") && !strings.HasPrefix(err.Error(), "step segments") {
				t.Errorf("error %v, want one of the step segments", err)
			}
			d := c.database
			if d.standby != test.standby || d.begun["gpinitstandby"] != test.begun || !slices.Equal(skipped, test.skipped) {
				t.Errorf("standby %t, gpinitstandby begun %d times, skipped %q", d.standby, d.begun["gpinitstandby"], skipped)
			}
			for _, violation := range d.violations {
				t.Error(violation)
			}
		})
	}
}

// loseStandby is a node that is gone, of whose pod the API server still says that it runs.
func (c *creation) loseStandby() {
	c.api.FailWith(func(r *http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/demo-coordinator-1/exec") {
			return apierrors.NewInternalError(errors.New("error dialing backend: no route to the kubelet"))
		}
		return nil
	})
}
