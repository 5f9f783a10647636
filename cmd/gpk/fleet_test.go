package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
	"gpk/test/apitest"
)

// fleet is a fake of the pods of a cluster that runs, behind a fake API server: what their scripts answer. It is here for what
// gpk shows of a database. What utilities do is in the tests of pkg/apply, and on the bench.
type fleet struct {
	*apitest.API
	catalogue segments.Catalogue
	// settings is how the server answers a question about settings.
	settings []segments.ServerSetting
	// unready are pods that are not ready, with why.
	unready map[string]string
	// fails are pods whose instances' logs nobody can read.
	fails string
	// began is called when a psql begins that hangs, until endpsql.sh closes ends. Without ends no pod has endpsql.sh.
	began func()
	ends  chan struct{}

	mutex sync.Mutex
	// asked are the commands that ran in pods, and the requests for containers' logs.
	asked []string
}

// runs puts a cluster that runs behind the API server, and returns how gpk is run against it.
func (f *fleet) runs(t *testing.T, c *topology.Cluster) func(args ...string) ran {
	t.Helper()
	f.API, f.unready = apitest.New(), map[string]string{}
	s := &shelf{objects: map[string]map[string]any{}}
	s.record(t, c, nil)
	text, err := json.Marshal(s.objects[analytics+"configmaps/"+c.Metadata.Name+"-gpk"])
	if err != nil {
		t.Fatal(err)
	}
	var kept corev1.ConfigMap
	if err := json.Unmarshal(text, &kept); err != nil {
		t.Fatal(err)
	}
	f.Put(&kept)
	for _, i := range topology.New(c).Instances {
		pod := apitest.Pod(i.Pod, apitest.Runs(), true)
		pod.Spec.NodeName = "node-" + i.Pod
		if i.Content == topology.CoordinatorContent {
			pod.Labels[plan.ComponentLabel] = string(topology.CoordinatorComponent)
		}
		f.Put(pod)
		f.catalogue = append(f.catalogue, segments.Row{DBID: i.DBID, Content: i.Content, Role: i.Role, PreferredRole: i.Role,
			Mode: "s", Status: "u", Port: i.Port, Host: i.Host, Address: i.Host, Dir: i.Dir})
	}
	f.Exec = f.exec
	url, stop := apitest.ServeAt(f)
	t.Cleanup(stop)
	return served(t, url, "analytics")
}

// ServeHTTP serves the containers' logs besides.
func (f *fleet) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	pod, found := strings.CutSuffix(r.URL.Path, "/log")
	if !found {
		f.API.ServeHTTP(w, r)
		return
	}
	pod = pod[strings.LastIndex(pod, "/")+1:]
	f.ask("log " + pod + " " + r.URL.RawQuery)
	_, _ = fmt.Fprintf(w, "%s starts\n", pod)
}

func (f *fleet) ask(what string) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.asked = append(f.asked, what)
}

func (f *fleet) wasAsked(what string) bool {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	return slices.ContainsFunc(f.asked, func(asked string) bool { return strings.Contains(asked, what) })
}

// ofEach prints something of each host of a list.
func ofEach(list io.Reader, out io.Writer, format string) {
	input, _ := io.ReadAll(list)
	calls, _, _ := strings.Cut(string(input), "end\n")
	for line := range strings.Lines(calls) {
		_, _ = fmt.Fprintf(out, format, strings.Fields(line)[0])
	}
	_, _ = fmt.Fprintln(out, "end")
}

// exec answers for a pod's scripts.
func (f *fleet) exec(pod string, argv []string, stdin io.Reader, out, errs io.Writer) int {
	command := strings.Join(argv, " ")
	f.ask(pod + " " + command)
	acting, _ := f.catalogue.Find(topology.CoordinatorContent, topology.Primary)
	switch {
	case strings.Contains(command, "instances.sh coordinator"):
		_, _ = fmt.Fprint(out, "marker initialised\nend\n")
		if pod != acting.Pod() || f.unready[pod] != "" {
			_, _ = fmt.Fprintln(errs, "psql: error: connection refused")
			return 2
		}
		_ = json.NewEncoder(out).Encode(f.catalogue)
	case strings.Contains(command, "everywhere.sh hba.sh"):
		ofEach(stdin, out, "%[1]s end\n%[1]s exit 0\n")
	case strings.Contains(command, "health.sh"):
		ofEach(stdin, out, "%[1]s disk 107374182400 64424509440\n%[1]s log /greenplum/primary/gpseg0 67108864\n")
	case strings.Contains(command, "ready.sh"):
		if why := f.unready[pod]; why != "" {
			_, _ = fmt.Fprintln(errs, why)
			return 1
		}
	case strings.Contains(command, "logs.sh"):
		if pod == f.fails {
			_, _ = fmt.Fprintln(errs, "tail: cannot open")
			return 1
		}
		_, _ = fmt.Fprintf(out, "gpseg0\tof %s\n", pod)
	case strings.Contains(command, "endpsql.sh"):
		if f.ends == nil {
			return 127
		}
		close(f.ends)
		_, _ = fmt.Fprint(out, "left 0\nend\n")
	case strings.Contains(command, "hangs"):
		f.began()
		if f.ends != nil {
			<-f.ends
		}
	case strings.Contains(command, "psql"):
		sql, _ := io.ReadAll(stdin)
		if string(sql) == segments.RefusedHBASQL {
			_, _ = fmt.Fprintln(out, "[]")
			return 0
		}
		if strings.Contains(string(sql), "pg_settings") {
			_ = json.NewEncoder(out).Encode(f.settings)
			return 0
		}
		_, _ = fmt.Fprintf(out, "%s: %s: %s\n", pod, strings.Join(argv[1:], " "), sql)
		if strings.Contains(command, "nowhere") {
			_, _ = fmt.Fprintln(errs, `psql: error: database "nowhere" does not exist`)
			return 2
		}
	default:
		_, _ = fmt.Fprintln(errs, "nothing answers", command)
		return 127
	}
	return 0
}

// notReady is what the kubelet would find.
func (f *fleet) notReady(pod string) {
	f.Put(apitest.Pod(pod, apitest.Runs(), false))
	if strings.Contains(pod, "coordinator") {
		f.Get("pods", pod).GetLabels()[plan.ComponentLabel] = string(topology.CoordinatorComponent)
	}
}

// created are the objects that create makes, as they are afterwards.
func (f *fleet) created(t *testing.T, c *topology.Cluster) {
	t.Helper()
	p, err := plan.Create(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range p.Steps {
		action, ok := step.Action.(plan.Apply)
		if !ok {
			continue
		}
		for _, object := range action.Objects {
			if claim, ok := object.(*corev1.PersistentVolumeClaim); ok {
				claim.Status.Capacity = claim.Spec.Resources.Requests
			}
			f.Put(object)
		}
	}
}
