package settings

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/remotetest"
	"gpk/test/roomtest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }

// Pods of the fake. The primary of content 1 is down, and content 0 has a mirror.
const (
	coordinatorPod = "demo-coordinator-0"
	primaryPod     = "demo-primary-0"
	lostPod        = "demo-primary-1"
)

// cluster is a fake: it answers each command in a pod by a function of the test, and knows its catalogue. Real instances are in the
// tests on the bench.
type cluster struct {
	api      *apitest.API
	store    *record.Store
	settings *Settings

	// silent: no coordinator answers. stopped: its instance does not run either.
	silent, stopped bool
	mutex           sync.Mutex
	// asked are the commands, with their pods and without the scripts that they run by.
	asked []string
}

func clusterFor(t *testing.T, answer func(pod, command, stdin string) (out string, status int)) *cluster {
	t.Helper()
	c := &cluster{api: apitest.New()}
	c.api.Exec = func(pod string, argv []string, stdin io.Reader, out, _ io.Writer) int {
		input, err := io.ReadAll(stdin)
		if err != nil {
			return apitest.Cut
		}
		command := strings.TrimPrefix(strings.Join(argv[1:], " "), "/gpk/scripts/")
		if strings.HasPrefix(command, "instances.sh coordinator") {
			state := map[bool]string{true: "stopped", false: "running"}[c.stopped]
			_, _ = io.WriteString(out, "marker initialised\ninstance "+topology.CoordinatorDir+" "+state+"\nend\n")
			if c.silent || c.stopped {
				return 2
			}
			return status(json.NewEncoder(out).Encode(catalogue()))
		}
		command = strings.TrimPrefix(command, "run.sh ")
		c.mutex.Lock()
		c.asked = append(c.asked, pod+" "+command)
		c.mutex.Unlock()
		said, exit := answer(pod, command, string(input))
		_, _ = io.WriteString(out, said)
		return exit
	}
	pod := apitest.Pod(coordinatorPod, apitest.Runs(), true)
	pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	c.api.Put(pod)
	rooms := roomtest.New(t, apitest.Served(t, c.api))
	c.store = rooms.Store
	c.settings = New(rooms.Remote, rooms.DB)
	return c
}

func status(err error) int {
	if err != nil {
		return apitest.Cut
	}
	return 0
}

func catalogue() segments.Catalogue {
	row := func(content int32, role topology.Role, state, pod string) segments.Row {
		return segments.Row{Content: content, Role: role, PreferredRole: role, Mode: "s", Status: state, Port: 6000, Host: pod + ".demo"}
	}
	return segments.Catalogue{row(-1, "p", "u", coordinatorPod), row(0, "p", "u", primaryPod), row(0, "m", "u", "demo-mirror-0"),
		row(1, "p", "d", lostPod)}
}

// letClientsIn is what `gpk create` decides at its end.
func (c *cluster) letClientsIn() {
	state := &corev1.ConfigMap{ObjectMeta: apitest.Meta(plan.StateName("demo"), "demo"), Data: record.ActsIn(coordinatorPod, nil)}
	c.api.Put(state)
}

// ran are the commands that changed something, with their pods.
func (c *cluster) ran() []string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var ran []string
	for _, command := range c.asked {
		if _, job, found := strings.Cut(command, "job.sh start "); found {
			_, utility, _ := strings.Cut(job, " ")
			ran = append(ran, utility)
		}
	}
	return ran
}
