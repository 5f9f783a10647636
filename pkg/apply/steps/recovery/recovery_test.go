package recovery

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

// manyDown are instances that are down, two in each of some pods. Of the odd pods the second one's data is gone. The API counts how often
// it lists the pods, and the pods what they are asked.
type manyDown struct {
	api   *apitest.API
	rows  []segments.Row
	mutex sync.Mutex
	lists int
	asked map[string]int
	// now and most are how many pods are asked at once.
	now, most int
}

func newManyDown(role topology.Role) *manyDown {
	m := &manyDown{api: apitest.New(), asked: map[string]int{}}
	for i := range 20 {
		name := fmt.Sprintf("demo-mirror-%d", i/2)
		m.api.Put(apitest.Pod(name, apitest.Runs(), true))
		m.rows = append(m.rows, segments.Row{DBID: int32(i), Content: int32(i), Role: role, PreferredRole: role, Status: "d", Host: name + ".demo.x",
			Dir: fmt.Sprintf("/greenplum/mirror/gpseg%d", i)})
	}
	m.api.FailWith(func(r *http.Request) error {
		if strings.HasSuffix(r.URL.Path, "/pods") {
			m.mutex.Lock()
			defer m.mutex.Unlock()
			m.lists++
		}
		return nil
	})
	m.api.Exec = m.exec
	return m
}

func (m *manyDown) exec(pod string, argv []string, _ io.Reader, out, _ io.Writer) int {
	m.mutex.Lock()
	m.now++
	m.most = max(m.most, m.now)
	m.asked[strings.Join(argv[2:], " ")]++
	m.mutex.Unlock()
	time.Sleep(20 * time.Millisecond)
	for i, dir := range argv[3:] {
		state := "stopped"
		if odd := strings.HasSuffix(pod, "1") || strings.HasSuffix(pod, "3"); odd && i == 1 {
			state = "absent"
		}
		fmt.Fprintf(out, "instance %s %s\n", dir, state)
	}
	fmt.Fprintln(out, "marker initialised\nend")
	m.mutex.Lock()
	defer m.mutex.Unlock()
	m.now--
	return 0
}

// However many instances are down, the pods are listed once in a pass, and asked all at once, each for all that it has.
func TestRecoverMany(t *testing.T) {
	m := newManyDown(topology.Mirror)
	target := roomtest.New(t, apitest.Served(t, m.api))
	h := &segmentsHandler{target.Remote, target.Pods, target.DB, plan.Recovered{}}
	absent, err := h.awaitPods(t.Context(), m.rows, func(string) {})
	if err != nil || len(absent) > 0 || m.lists != 1 {
		t.Errorf("absent %v, error %v; the pods were listed %d times", absent, err, m.lists)
	}
	some, all, err := h.divide(t.Context(), m.rows, map[string]string{"demo-mirror-9": "away"})
	if err != nil || len(some) != 16 || len(all) != 2 || all[0].Dir != "/greenplum/mirror/gpseg3" || all[1].Dir != "/greenplum/mirror/gpseg7" {
		t.Errorf("%v, %v, error %v", some, all, err)
	}
	prepared := []string{"prepare /greenplum/mirror/gpseg3", "prepare /greenplum/mirror/gpseg7"}
	if len(m.asked) != 9+len(prepared) || m.asked[prepared[0]] != 1 || m.asked[prepared[1]] != 1 || m.most < 2 {
		t.Errorf("asked %v, %d at once", m.asked, m.most)
	}
}

// The same of primaries that do not answer.
func TestAnsweringMany(t *testing.T) {
	m := newManyDown(topology.Primary)
	target := roomtest.New(t, apitest.Served(t, m.api))
	h := &primariesHandler{target.Pods, target.DB}
	silent, gone, err := h.down(t.Context(), database.Acting{Catalogue: m.rows})
	if err != nil || len(silent) != 19 || len(gone) != 2 || !slices.ContainsFunc(gone, func(s string) bool { return strings.Contains(s, "content 7 are gone") }) {
		t.Errorf("silent %q, gone %q, error %v", silent, gone, err)
	}
	if m.lists != 1 || len(m.asked) != 10 || m.most < 2 {
		t.Errorf("listed %d times, asked %v, %d at once", m.lists, m.asked, m.most)
	}
}

// The pods of a lost node are told with the node, and with what to type.
func TestAbsentOnLostNode(t *testing.T) {
	a := apitest.New()
	since := metav1.NewTime(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node1"}}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Message: "no word", LastTransitionTime: since}}
	pod := apitest.Pod("demo-mirror-0", apitest.Runs(), true)
	pod.Spec.NodeName = "node1"
	a.Put(node, pod)
	var answers atomic.Bool
	a.Exec = func(_ string, _ []string, _ io.Reader, out, _ io.Writer) int {
		if !answers.Load() {
			return apitest.Cut
		}
		fmt.Fprintln(out, "marker initialised\nend")
		return 0
	}
	target := roomtest.New(t, apitest.Served(t, a))
	h := &segmentsHandler{target.Remote, target.Pods, target.DB, plan.Recovered{}}
	rows := []segments.Row{{Host: "demo-mirror-0.demo"}}
	for _, want := range []string{"", "pod demo-mirror-0 does not answer"} {
		answers.Store(want == "")
		absent := map[string]string{}
		if err := h.addSilent(t.Context(), rows, absent); err != nil || absent["demo-mirror-0"] != want {
			t.Errorf("answers %t: absent %v, error %v", answers.Load(), absent, err)
		}
	}
	err := h.absentError(t.Context(), map[string]string{"demo-mirror-0": "pod demo-mirror-0 is being deleted"})
	var told *engine.NextError
	if !errors.As(err, &told) || !strings.Contains(err.Error(), "node node1, which is not ready since 2026-11-22 12:00:00 UTC (no word)") ||
		told.Next.String() != "make sure that its node is off, then `kubectl delete pod -n analytics demo-mirror-0 --force`, and run this again" {
		t.Errorf("%v, next %+v", err, told)
	}
}
