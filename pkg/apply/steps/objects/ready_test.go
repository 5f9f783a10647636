package objects

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// What was down before the database was started is not waited for as if it were about to start.
func TestReadyKnowsWhatIsDown(t *testing.T) {
	a := apitest.New()
	names := []string{"demo-coordinator-0", "demo-coordinator-1", "demo-primary-0", "demo-mirror-0"}
	for _, name := range names {
		pod := apitest.Pod(name, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.NewTime(time.Now().Add(-time.Hour))}},
			name == "demo-coordinator-0" || name == "demo-primary-0")
		if strings.Contains(name, "coordinator") {
			pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
		}
		a.Put(pod)
	}
	row := func(content int32, role topology.Role, pod, status, mode string) segments.Row {
		return segments.Row{Content: content, Role: role, PreferredRole: role, Status: status, Mode: mode, Host: pod + ".demo"}
	}
	catalogue := segments.Catalogue{row(-1, "p", names[0], "u", "n"), row(-1, "m", names[1], "u", "n"), row(0, "p", names[2], "u", "n"),
		row(0, "m", names[3], "d", "n")}
	a.Exec = func(pod string, argv []string, _ io.Reader, out, _ io.Writer) int {
		if !strings.Contains(strings.Join(argv, " "), "instances.sh coordinator") {
			fmt.Fprintln(out, "an instance is not running")
			return 1
		}
		fmt.Fprintf(out, "marker initialised\ninstance %s running\nend\n", topology.CoordinatorDir)
		if pod != names[0] {
			return 2
		}
		_ = json.NewEncoder(out).Encode(catalogue)
		return 0
	}
	c := roomtest.New(t, apitest.Served(t, a))
	h := &readyHandler{pods: c.Pods, db: c.DB, action: plan.Ready{Pods: names}, patience: 100 * time.Millisecond}
	began := time.Now()
	err := h.Do(t.Context(), func(string) {})
	var told *engine.NextError
	if !errors.As(err, &told) || told.Next.String() != "gpk recover" || time.Since(began) > time.Minute {
		t.Fatalf("after %s: %v", time.Since(began), err)
	}
	for _, down := range []string{"the standby in pod demo-coordinator-1 does not follow", "content 0, dbid 0 on demo-mirror-0 is down"} {
		if !strings.Contains(err.Error(), down) {
			t.Errorf("%q does not say that %s", err, down)
		}
	}
	// Of a container that has just started nobody knows that yet.
	young := apitest.Pod(names[3], corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}, false)
	a.Put(young)
	if down, err := h.down(t.Context()); err != nil || len(down) != 1 || down[names[1]] == "" {
		t.Errorf("down are %v, error %v", down, err)
	}
}
