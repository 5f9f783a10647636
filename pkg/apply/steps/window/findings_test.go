package window

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/record"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
	"gpk/test/roomtest"
)

const coordinatorPod = "demo-coordinator-0"

// running is a fake of a cluster of one segment with a mirror, whose pods answer as they are told. Real ones are in the tests on the bench.
type running struct {
	api       *apitest.API
	catalogue segments.Catalogue
	// silent: the coordinator answers no SQL, and instance is what its pod says of it.
	silent   bool
	instance string
	// answers are those to other SQL, and fails what the database refuses with.
	answers map[string]string
	fails   string
	// release is what the programs of the coordinator's pod say of their catalogue version.
	release string
}

func newRunning() *running {
	r := &running{api: apitest.New(), instance: segments.Running, answers: map[string]string{segments.AnsweringSQL: "1", segments.SilentMirrorsSQL: "0",
		segments.ExpandingSQL: "f"}}
	row := func(content int32, role topology.Role, pod string) segments.Row {
		return segments.Row{Content: content, Role: role, PreferredRole: role, Mode: "s", Status: "u", Host: pod + ".demo"}
	}
	r.catalogue = segments.Catalogue{row(-1, "p", coordinatorPod), row(0, "p", "demo-primary-0"), row(0, "m", "demo-mirror-0")}
	pod := apitest.Pod(coordinatorPod, apitest.Runs(), true)
	pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	r.api.Put(pod)
	r.decide(record.ActsIn(coordinatorPod, nil))
	r.api.Exec = func(_ string, argv []string, stdin io.Reader, out, errs io.Writer) int {
		input, err := io.ReadAll(stdin)
		if err != nil {
			return apitest.Cut
		}
		switch asked := strings.Join(argv, " "); {
		case strings.Contains(asked, "instances.sh coordinator"):
			fmt.Fprintf(out, "marker initialised\ninstance %s %s\nend\n", topology.CoordinatorDir, r.instance)
			if r.silent {
				return 2
			}
			_ = json.NewEncoder(out).Encode(r.catalogue)
		case strings.Contains(asked, "psql") && r.fails != "" && string(input) == segments.ClientsSQL:
			fmt.Fprintln(errs, r.fails)
			return 3
		case strings.Contains(asked, "psql"):
			fmt.Fprintln(out, r.answers[string(input)])
		default:
			fmt.Fprintln(out, r.release)
		}
		return 0
	}
	return r
}

// decide is what gpk has decided and the pods read.
func (r *running) decide(state map[string]string) {
	r.api.Put(&corev1.ConfigMap{ObjectMeta: apitest.Meta(plan.StateName("demo"), "demo"), Data: state})
}

func (r *running) cluster(t *testing.T) *roomtest.Cluster {
	return roomtest.New(t, apitest.Served(t, r.api))
}

func TestStartCheck(t *testing.T) {
	stopped := map[string]string{plan.StateCoordinator: coordinatorPod, plan.StateDatabase: record.DatabaseStopped}
	for name, test := range map[string]struct {
		change  func(*running)
		action  plan.Started
		state   engine.State
		details []string
		next    string
	}{
		"it runs":                      {func(*running) {}, plan.Started{}, engine.Done, nil, ""},
		"create has not finished":      {func(r *running) { r.decide(nil) }, plan.Started{}, engine.Blocked, []string{"the creation of the cluster"}, "gpk create"},
		"it runs and should not":       {func(r *running) { r.decide(stopped) }, plan.Started{}, engine.Pending, []string{"pods that restart would not"}, ""},
		"it was stopped, for recovery": {func(r *running) { r.decide(stopped) }, plan.Started{AnyPrimary: true}, engine.Blocked, []string{"the database has been stopped"}, "gpk start"},
		"it is down":                   {func(r *running) { r.silent = true }, plan.Started{}, engine.Pending, []string{"no coordinator answers"}, ""},
		"it is down, with its pod": {func(r *running) { r.silent = true; r.api.Remove("pods/" + coordinatorPod) }, plan.Started{AnyPrimary: true}, engine.Blocked,
			[]string{"the coordinator's pod demo-coordinator-0 is unreachable"}, "`gpk failover`"},
		"it is down, and its node is lost": {func(r *running) {
			pod := apitest.Pod(coordinatorPod, apitest.Waits("", ""), false)
			pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
			pod.DeletionTimestamp = &metav1.Time{Time: time.Now().Add(-time.Hour)}
			r.api.Put(pod)
		}, plan.Started{AnyPrimary: true}, engine.Blocked, []string{"the coordinator's pod demo-coordinator-0 is unreachable"},
			"then `kubectl delete pod -n analytics demo-coordinator-0 --force`, and run this again, or let the standby take over: `gpk failover`"},
		"a mirror is down": {func(r *running) { r.catalogue[2].Status = "d" }, plan.Started{}, engine.Done,
			[]string{"content 0, dbid 0 on demo-mirror-0 is down"}, "gpk recover"},
		"a segment is silent": {func(r *running) { r.answers[segments.AnsweringSQL] = "0"; r.catalogue[2].Mode = "n" }, plan.Started{}, engine.Blocked,
			[]string{"the coordinator answers, but not every segment does", "content 0"}, "gpk recover"},
		"a segment is silent, for recovery": {func(r *running) { r.answers[segments.AnsweringSQL] = "0" }, plan.Started{AnyPrimary: true}, engine.Done, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning()
			test.change(r)
			c := r.cluster(t)
			finding, err := (&startHandler{c.Remote, c.Store, c.Pods, c.DB, test.action}).Check(t.Context())
			wantFinding(t, finding, err, test.state, test.details, test.next)
		})
	}
}

// wantFinding wants details that begin like these, and advice that has the command.
func wantFinding(t *testing.T, finding engine.Finding, err error, state engine.State, details []string, next string) {
	t.Helper()
	alike := slices.EqualFunc(finding.Details, details, strings.HasPrefix)
	if err != nil || finding.State != state || !alike || !strings.Contains(finding.Next.String(), next) || finding.Next.Empty() != (next == "") {
		t.Errorf("%+v, error %v; want %s %q, next %q", finding, err, state, details, next)
	}
}

// A smart stop goes on only when it knows that no client is connected.
func TestClients(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*running)
		want   []string
	}{
		"none":                        {func(*running) {}, nil},
		"two":                         {func(r *running) { r.answers[segments.ClientsSQL] = "ann\nbob" }, []string{"ann", "bob"}},
		"the database refuses":        {func(r *running) { r.fails = "FATAL:  sorry, too many clients already" }, []string{"FATAL:  sorry, too many clients already"}},
		"a coordinator that hangs":    {func(r *running) { r.silent = true }, []string{"no coordinator answers"}},
		"a coordinator that is down":  {func(r *running) { r.silent, r.instance = true, segments.Stopped }, nil},
		"a coordinator without a pod": {func(r *running) { r.api.Remove("pods/" + coordinatorPod) }, nil},
	} {
		r := newRunning()
		test.change(r)
		c := r.cluster(t)
		clients, err := (&stopHandler{c.Store, c.Pods, c.DB, plan.Stopped{}}).clients(t.Context())
		if err != nil || !slices.EqualFunc(clients, test.want, strings.HasPrefix) {
			t.Errorf("%s: %q, error %v; want %q", name, clients, err, test.want)
		}
	}
}

// old are the StatefulSets of a pod that has to be replaced: it has another image than they have.
func (r *running) old(node string) []*appsv1.StatefulSet {
	set := &appsv1.StatefulSet{ObjectMeta: apitest.Meta("demo-primary", "demo")}
	set.Spec.Template.Spec.Containers = apitest.ContainerOf("x:2", "", "")
	pod := &corev1.Pod{ObjectMeta: apitest.Meta("demo-primary-0", "demo"),
		Spec: corev1.PodSpec{NodeName: node, Containers: apitest.ContainerOf("x:1", "", "")}}
	pod.OwnerReferences = []metav1.OwnerReference{{Kind: "StatefulSet", Name: set.Name, Controller: new(true)}}
	r.api.Put(set, pod)
	return []*appsv1.StatefulSet{set}
}

// Pods are not recreated under a database that might not start again.
func TestHealthyCheck(t *testing.T) {
	for name, test := range map[string]struct {
		change  func(*running)
		state   engine.State
		details []string
		next    string
	}{
		"healthy":        {func(*running) {}, engine.Done, nil, ""},
		"roles switched": {func(r *running) { r.catalogue[1].Role, r.catalogue[2].Role = "m", "p" }, engine.Done, nil, ""},
		"down":           {func(r *running) { r.silent = true }, engine.Blocked, []string{"the database does not run", "no coordinator"}, "`gpk start`"},
		"out of sync":    {func(r *running) { r.catalogue[2].Mode = "n" }, engine.Blocked, []string{"content 0, dbid 0 on demo-mirror-0 is not in sync"}, "`gpk recover`"},
		"being expanded": {func(r *running) { r.answers[segments.ExpandingSQL] = "t" }, engine.Blocked, []string{"an expansion is unfinished"}, "`gpk expand --resume`"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning()
			test.change(r)
			sets := r.old("node1")
			c := r.cluster(t)
			finding, err := (&healthyHandler{pods: c.Pods, db: c.DB, action: plan.Whole{Replacing: sets}}).Check(t.Context())
			wantFinding(t, finding, err, test.state, test.details, test.next)
		})
	}
	r := newRunning()
	r.silent = true
	c := r.cluster(t)
	finding, err := (&healthyHandler{pods: c.Pods, db: c.DB}).Check(t.Context())
	wantFinding(t, finding, err, engine.Done, nil, "")
}

// An image is refused for another catalogue version first, then for what it lacks, then for the settings that it does not take.
func TestJudge(t *testing.T) {
	const version, other = "302307241", "302309999"
	for name, test := range map[string]struct {
		found   map[string]inspection
		state   engine.State
		details []string
		next    string
	}{
		"the same": {map[string]inspection{"node1": {image: segments.Image{Release: "7.2.0", Catalogue: version}}}, engine.Done, nil, ""},
		"a major upgrade": {map[string]inspection{"node1": {fault: "the image x:2 cannot be inspected"}, "node2": {image: segments.Image{Release: "8.0.0", Catalogue: other}}},
			engine.Blocked, []string{"the catalogue version of the image x:2 is 302309999, and that of the running release is 302307241"}, plan.MajorUpgrade},
		"two nodes": {map[string]inspection{"node1": {fault: "the image x:2 cannot be inspected"}, "node2": {image: segments.Image{Release: "7.1.0", Catalogue: version}}},
			engine.Blocked, []string{"the image x:2 cannot be inspected; the image x:2 (seen in node node2) has the release 7.1.0"}, "--image"},
		"a setting": {map[string]inspection{"node1": {image: segments.Image{Release: "7.2.0", Catalogue: version, Refused: []string{"old_setting"}}}},
			engine.Blocked, []string{"the server of the image x:2 refuses these settings: old_setting"}, "`gpk config set NAME=VALUE`"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRunning()
			r.release = "Catalog version number:               " + version
			c := r.cluster(t)
			pod := &corev1.Pod{Spec: corev1.PodSpec{Containers: apitest.ContainerOf("x:2", "", "")}}
			h := &pullHandler{remote: c.Remote, db: c.DB, action: plan.Pulled{Pod: pod, Version: "7.2.0"}, pulled: test.found}
			nodes := []string{"node1", "node2"}[:len(test.found)]
			finding, err := h.judge(t.Context(), nodes)
			wantFinding(t, finding, err, test.state, test.details, test.next)
		})
	}
}
