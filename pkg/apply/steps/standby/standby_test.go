package standby

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/remotetest"
	"gpk/test/roomtest"
)

func TestMain(m *testing.M) { remotetest.Main(m) }

const first, second = "demo-coordinator-0", "demo-coordinator-1"

// coordinators is a fake of the two coordinators' pods, of which the first acts. It notes what changes something.
type coordinators struct {
	api   *apitest.API
	mutex sync.Mutex
	calls []string
	// listed and inSync are what the catalogue tells of the standby in the second pod, and marker, data and ready what its volume does.
	listed, inSync bool
	marker         segments.Marker
	data, runs     bool
	// broken are what fails: a utility, or a script's verb.
	broken string
	// older: the scripts are those of an earlier gpk, which know no timelines.
	older bool
	// neverSyncs: a standby that is made or started does not catch up.
	neverSyncs bool
}

func newCoordinators() *coordinators {
	c := &coordinators{api: apitest.New(), marker: segments.NotInitialised}
	for _, name := range []string{first, second} {
		pod := apitest.Pod(name, apitest.Runs(), true)
		pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
		c.api.Put(pod)
	}
	c.api.Exec = c.exec
	return c
}

func (c *coordinators) catalogue() segments.Catalogue {
	rows := segments.Catalogue{{Content: topology.CoordinatorContent, Role: topology.Primary, Mode: "n", Status: "u", Host: first + ".demo", Dir: topology.CoordinatorDir}}
	if c.listed {
		mode := map[bool]string{true: "s", false: "n"}[c.inSync]
		rows = append(rows, segments.Row{Content: topology.CoordinatorContent, Role: topology.Mirror, Mode: mode, Status: "u", Host: second + ".demo", Dir: topology.CoordinatorDir})
	}
	return rows
}

func (c *coordinators) exec(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	script, args := path.Base(argv[1]), argv[2:]
	switch {
	case script == "instances.sh" && args[0] == "coordinator" && pod == first:
		fmt.Fprint(out, "marker initialised\nend\n")
		_ = json.NewEncoder(out).Encode(c.catalogue())
		return 0
	case script == "instances.sh" && (args[0] == "coordinator" || args[0] == "facts"):
		state := map[bool]string{true: segments.Stopped, false: segments.Absent}[c.data]
		if c.runs {
			state = segments.Running
		}
		fmt.Fprintf(out, "marker %s\ninstance %s %s\nend\n", c.marker, topology.CoordinatorDir, state)
		return map[bool]int{true: 2}[args[0] == "coordinator"]
	case script == "hba.sh":
		return 0
	case script == "run.sh": // what the server says of pg_hba.conf
		fmt.Fprintln(out, "[]")
		return 0
	case script == "everywhere.sh":
		c.authenticate(stdin, out)
		return 0
	case script == "why.sh":
		fmt.Fprintln(out, "end")
		return 0
	case script == "job.sh" && args[0] == "start":
		c.calls = append(c.calls, strings.Join(args[2:][:1], " ")+map[bool]string{true: " -r"}[slices.Contains(args, "-r")])
		if c.broken != args[2] {
			c.listed, c.data = !slices.Contains(args, "-r"), true
			c.inSync = c.listed && !c.neverSyncs
		}
		return 0
	case script == "job.sh" && args[0] == "state" && len(c.calls) == 0:
		fmt.Fprintln(out, "absent")
		return 0
	case script == "job.sh":
		fmt.Fprintln(out, map[bool]string{true: "exited 1", false: "exited 0"}[c.broken == "gpinitstandby"])
		return 0
	}
	if script == "coordinator.sh" && args[0] == "timelines" && c.older {
		fmt.Fprintln(errs, "unknown verb: timelines")
		return 2
	}
	if script == "coordinator.sh" && args[0] == "timelines" {
		fmt.Fprint(out, "1:0/C000000\n2:\nend\n")
		return 0
	}
	if script == "coordinator.sh" && args[0] == "asides" {
		fmt.Fprintln(out, "end")
		return 0
	}
	if args[0] == "discard" {
		fmt.Fprintln(out, "end")
	}
	return c.change(pod, args[0], errs)
}

// authenticate gives hosts their pg_hba.conf.
func (c *coordinators) authenticate(stdin io.Reader, out io.Writer) {
	if !slices.Contains(c.calls, "authenticate") {
		c.calls = append(c.calls, "authenticate")
	}
	input, _ := io.ReadAll(stdin)
	hosts, _, _ := strings.Cut(string(input), "end\n")
	for line := range strings.Lines(hosts) {
		fmt.Fprintf(out, "%[1]s end\n%[1]s exit 0\n", strings.Fields(line)[0])
	}
	fmt.Fprintln(out, "end")
}

// change is what the scripts do to the volume of the second pod.
func (c *coordinators) change(pod, verb string, errs io.Writer) int {
	c.calls = append(c.calls, verb)
	if pod != second || verb == c.broken {
		fmt.Fprintf(errs, "%s in pod %s\n", verb, pod)
		return 1
	}
	switch verb {
	case "aside", "clear":
		c.data, c.runs = false, false
	case "prepare":
		c.marker = segments.Initialising
	case "finish":
		c.marker = segments.Initialised
	case "follow":
		c.runs, c.inSync = true, !c.neverSyncs
	}
	return 0
}

// handler is what carries out an action of a plan.
func (c *coordinators) handler(t *testing.T, action plan.Action) engine.Handler {
	t.Helper()
	rooms := roomtest.New(t, apitest.Served(t, c.api))
	handlers := engine.Handlers{}
	Register(handlers, rooms.Remote, rooms.Pods, rooms.DB)
	h, err := handlers.Of(plan.Step{Action: action})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// actions are those of a plan that make a standby, each with its own rules.
func actions() map[string]plan.Action {
	place := func(pod string) topology.Instance {
		return topology.Instance{Pod: pod, Host: pod + ".demo", Dir: topology.CoordinatorDir}
	}
	both := []topology.Instance{place(first), place(second)}
	return map[string]plan.Action{
		"create": plan.Standby{Instance: place(second)}, "recover": plan.Rebuild{Pods: both}, "failover": plan.Rebuild{Pods: both, IfReachable: true},
		"rollback": plan.Rebuild{Pods: both, IfReachable: true, Anew: true}, "before the segments": plan.RebuildFirst{Rebuild: plan.Rebuild{Pods: both}},
	}
}

const (
	makes    = "prepare gpinitstandby authenticate finish"
	replaces = "halt aside gpinitstandby authenticate finish discard"
)

// What the pods are asked to do, by the state that a standby is found in. Nothing is asked where the step is done or blocked.
func TestStandby(t *testing.T) {
	foreign := func(c *coordinators) { c.data = true }
	complete := func(c *coordinators) { c.listed, c.data, c.marker = true, true, segments.Initialised }
	synced := func(c *coordinators) { complete(c); c.inSync, c.runs = true, true }
	tests := map[string]struct {
		facts func(*coordinators)
		// want are the calls of each action, all others' those of recover.
		want map[string]string
	}{
		"nothing is there":                     {func(*coordinators) {}, map[string]string{"create": makes, "recover": replaces}},
		"a coordinator's data is in its place": {foreign, map[string]string{"create": "blocked", "recover": replaces}},
		"a coordinator's complete data is in its place": {func(c *coordinators) { foreign(c); c.marker = segments.Initialised },
			map[string]string{"create": "blocked", "recover": replaces}},
		"gpinitstandby was interrupted": {func(c *coordinators) { foreign(c); c.marker = segments.Initialising },
			map[string]string{"create": "clear " + makes, "recover": replaces}},
		"it does not run": {complete, map[string]string{"create": "done", "recover": "follow finish discard", "rollback": "gpinitstandby -r " + replaces}},
		"it does not start": {func(c *coordinators) { complete(c); c.broken = "follow" },
			map[string]string{"create": "done", "recover": "follow gpinitstandby -r " + replaces, "rollback": "gpinitstandby -r " + replaces}},
		"it is in sync": {synced, map[string]string{"create": "done", "recover": "done"}},
		"it is in sync, and not marked": {func(c *coordinators) { synced(c); c.marker = segments.Initialising },
			map[string]string{"create": "finish", "recover": "follow finish discard", "rollback": "gpinitstandby -r " + replaces}},
	}
	for name, test := range tests {
		for operation, action := range actions() {
			t.Run(name+", "+operation, func(t *testing.T) {
				t.Parallel()
				c := newCoordinators()
				test.facts(c)
				h := c.handler(t, action)
				finding, err := h.Check(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				want, own := test.want[operation]
				if !own {
					want = test.want["recover"]
				}
				got := string(finding.State)
				if finding.State == engine.Pending {
					if err := h.Do(t.Context(), func(string) {}); err != nil {
						t.Error(err)
					}
					got = strings.Join(c.calls, " ")
					if after, err := h.Check(t.Context()); err != nil || after.State != engine.Done {
						t.Errorf("afterwards %+v, error %v", after, err)
					}
				}
				if got != want || finding.State == engine.Blocked && finding.Next.Empty() {
					t.Errorf("%+v: %q, want %q", finding, got, want)
				}
			})
		}
	}
}

// A pod that does not answer fails the step, unless its plan lets it be skipped. Data is left as it is.
func TestStandbyOutOfReach(t *testing.T) {
	const unanswered = "there is no standby, and pod demo-coordinator-1 does not answer"
	for operation, want := range map[string]engine.Finding{
		"recover":             {State: engine.Pending, Details: []string{"there is no standby"}},
		"failover":            {State: engine.Done, Details: []string{unanswered}, Next: engine.Next(plan.Gpk("recover"), " makes one when the pod is back")},
		"before the segments": {State: engine.Done, Details: []string{unanswered + ": the segments are recovered first"}},
	} {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			c := newCoordinators()
			c.data = true
			c.api.FailWith(func(r *http.Request) error {
				if strings.HasSuffix(r.URL.Path, "/"+second+"/exec") {
					return apierrors.NewInternalError(errors.New("error dialing backend: no route to the kubelet"))
				}
				return nil
			})
			h := c.handler(t, actions()[operation])
			finding, err := h.Check(t.Context())
			if err != nil || finding.State != want.State || !slices.Equal(finding.Details, want.Details) || finding.Next.String() != want.Next.String() {
				t.Errorf("%+v, error %v", finding, err)
			}
			if finding.State == engine.Pending {
				var next *engine.NextError
				if err := h.Do(t.Context(), func(string) {}); !errors.As(err, &next) || !strings.Contains(err.Error(), second+" does not answer") {
					t.Errorf("error %v", err)
				}
			}
			if len(c.calls) > 0 {
				t.Errorf("called %q", c.calls)
			}
		})
	}
}

// A gpinitstandby that fails fails the step. Before the segments it is tried once, and the step counts as done.
func TestStandbyFails(t *testing.T) {
	for operation, action := range actions() {
		t.Run(operation, func(t *testing.T) {
			t.Parallel()
			c := newCoordinators()
			c.broken = "gpinitstandby"
			h := c.handler(t, action)
			_, checkErr := h.Check(t.Context())
			err := h.Do(t.Context(), func(string) {})
			after, againErr := h.Check(t.Context())
			once := operation == "before the segments"
			if (err == nil) != once || (after.State == engine.Done) != once || checkErr != nil || againErr != nil {
				t.Errorf("error %v, afterwards %+v; errors of Check %v and %v", err, after, checkErr, againErr)
			}
			if slices.Contains(c.calls, "finish") || slices.Contains(c.calls, "discard") {
				t.Errorf("called %q", c.calls)
			}
		})
	}
}

// Scripts that cannot tell what the acting coordinator lacks leave everything where it is.
func TestStandbyOfOlderScriptsKeepsAside(t *testing.T) {
	c := newCoordinators()
	c.data, c.older = true, true
	h := c.handler(t, actions()["recover"])
	if _, err := h.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	var told string
	err := h.Do(t.Context(), func(line string) { told = line })
	if err != nil || !strings.Contains(told, "keeps what was moved aside") || slices.Contains(c.calls, "discard") {
		t.Errorf("told %q, called %q, error %v", told, c.calls, err)
	}
}

// The data that was moved aside stays until the new standby is in sync.
func TestStandbyKeepsAside(t *testing.T) {
	c := newCoordinators()
	c.data, c.neverSyncs = true, true
	h := c.handler(t, actions()["recover"])
	if _, err := h.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough seen")
	ctx, cancel := context.WithCancelCause(t.Context())
	err := h.Do(ctx, func(line string) {
		if strings.Contains(line, "not in sync yet") {
			cancel(enough)
		}
	})
	if !errors.Is(err, enough) || !slices.Contains(c.calls, "aside") || slices.Contains(c.calls, "discard") {
		t.Errorf("called %q, error %v", c.calls, err)
	}
}

// Since a failover the coordinator acts in the standby's place.
func TestStandbySinceFailover(t *testing.T) {
	c := newCoordinators()
	action := plan.Standby{Instance: topology.Instance{Pod: first, Dir: topology.CoordinatorDir}}
	finding, err := c.handler(t, action).Check(t.Context())
	if err != nil || finding.State != engine.Blocked || !strings.Contains(finding.Next.String(), "gpk recover") {
		t.Errorf("without one: %+v, error %v", finding, err)
	}
	c.listed, c.data, c.inSync, c.marker = true, true, true, segments.Initialised
	if finding, err := c.handler(t, action).Check(t.Context()); err != nil || finding.State != engine.Done {
		t.Errorf("with one in the other pod: %+v, error %v", finding, err)
	}
}

// Of a pod on a lost node a failover says what to type.
func TestSkippedOnLostNode(t *testing.T) {
	c := newCoordinators()
	node := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: "node1"}}
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady, Status: corev1.ConditionUnknown, Message: "no word"}}
	pod := apitest.Pod(second, apitest.Runs(), true)
	pod.Spec.NodeName = "node1"
	c.api.Put(node, pod)
	on := roomtest.New(t, apitest.Served(t, c.api))
	h := &handler{remote: on.Remote, pods: on.Pods, db: on.DB, rules: rebuild(plan.Rebuild{IfReachable: true})}
	found := h.skipped(t.Context(), "there is no standby", second)
	next := "make sure that its node is off, then `kubectl delete pod -n analytics " + second + " --force`; `gpk recover` makes one when the pod is back"
	if !strings.Contains(found.Details[0], "on node node1, which is not ready (no word)") || found.Next.String() != next {
		t.Errorf("%q, next %q", found.Details, found.Next)
	}
}
