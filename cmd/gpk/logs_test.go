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
