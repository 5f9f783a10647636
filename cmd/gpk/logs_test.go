package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"gpk/pkg/apply"
	"gpk/pkg/plan"
)

// Of a large cluster not all pods' logs are asked for at once, and all are shown in the pods' order.
func TestLogsAreReadByAndBy(t *testing.T) {
	var mutex sync.Mutex
	under, most := 0, 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/log") {
			// Nobody can be asked for the logs of instances here.
			w.WriteHeader(http.StatusForbidden)
			return
		}
		mutex.Lock()
		under++
		most = max(most, under)
		mutex.Unlock()
		time.Sleep(20 * time.Millisecond)
		mutex.Lock()
		under--
		mutex.Unlock()
		_, _ = io.WriteString(w, "here\n")
	}))
	defer server.Close()
	target, err := apply.NewTarget(&rest.Config{Host: server.URL}, plan.Ref{Namespace: "analytics", Name: "demo"})
	if err != nil {
		t.Fatal(err)
	}
	var pods []string
	var want strings.Builder
	for i := range 3 * logsAtOnce {
		pods = append(pods, fmt.Sprintf("demo-primary-%d", i))
		fmt.Fprintf(&want, "demo-primary-%d: here\n", i)
	}
	var out strings.Builder
	a := newApp(streams{out: &out})
	if err := a.logs(t.Context(), target, pods, apply.LogOptions{Tail: 1}); err == nil {
		t.Error("that the instances' logs cannot be had is not said")
	}
	if most > logsAtOnce {
		t.Errorf("%d were asked for at once", most)
	}
	if out.String() != want.String() {
		t.Errorf("shown was\n%s", out.String())
	}
}

func TestLogs(t *testing.T) {
	f := &fleet{}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	r := gpk("logs", "demo-primary-0", "demo-coordinator-1", "--tail", "7", "--since", "10m")
	r.wants(t, 0)
	// In the order in which they were named, the container first.
	want := "demo-primary-0: demo-primary-0 starts\ndemo-primary-0 gpseg0: of demo-primary-0\n" +
		"demo-coordinator-1: demo-coordinator-1 starts\ndemo-coordinator-1 gpseg0: of demo-coordinator-1\n"
	if r.out != want {
		t.Errorf("shown was\n%s", r.out)
	}
	for _, asked := range []string{"tailLines=7", "sinceSeconds=600", "logs.sh 7 600 end"} {
		if !f.wasAsked(asked) {
			t.Errorf("%q was not asked for: %q", asked, f.asked)
		}
	}
	if f.wasAsked("demo-mirror-0") {
		t.Errorf("nobody has named the mirror: %q", f.asked)
	}

	f.asked = nil
	gpk("logs", "--tail", "-1").wants(t, 0, "demo-coordinator-0: ", "demo-mirror-0: ")
	if f.wasAsked("tailLines") || f.wasAsked("sinceSeconds") || !f.wasAsked("logs.sh -1 0 end") {
		t.Errorf("not all was asked for: %q", f.asked)
	}
}

// Machines read one object a line.
func TestLogsAsJSON(t *testing.T) {
	f := &fleet{}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	r := gpk("logs", "demo-mirror-0", "-o", "json")
	r.wants(t, 0)
	want := `{"pod":"demo-mirror-0","text":"demo-mirror-0 starts"}` + "\n" + `{"pod":"demo-mirror-0","instance":"gpseg0","text":"of demo-mirror-0"}` + "\n"
	if r.out != want {
		t.Errorf("shown was\n%s", r.out)
	}
}

func TestLogsThatCannotBeShown(t *testing.T) {
	f := &fleet{fails: "demo-coordinator-0"}
	gpk := f.runs(t, clusterOf(t, "7.1.0", "x/greenplum"))
	// One pod's failure does not keep back the others' logs.
	gpk("logs").wants(t, 1, "cannot open", "demo-coordinator-0: demo-coordinator-0 starts", "demo-primary-0 gpseg0: of demo-primary-0")
	for flags, says := range map[string]string{
		"demo-primary-9": `demo has no pod "demo-primary-9"` + "\nnext: name one of: demo-coordinator-0, demo-coordinator-1, demo-mirror-0, demo-primary-0",
		"--tail=-2":      "--tail takes a number of lines",
		"--since=-5m":    "--since a duration such as 10m",
	} {
		r := gpk("logs", flags)
		r.wants(t, 2, says)
		if r.out != "" {
			t.Errorf("%s: printed was %q", flags, r.out)
		}
	}
	for _, pod := range f.Names("pods") {
		f.Mutex.Lock()
		f.Remove("pods/" + pod)
		f.Mutex.Unlock()
	}
	gpk("logs").wants(t, 1, "demo has no pods", "next: `gpk create -f cluster.yaml` makes them")
}
