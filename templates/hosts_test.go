package templates_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Of many hosts, the same 64 are tried from everywhere: both sides of a network that has come apart count them, and a count takes
// no longer than a host that does not answer.
func TestHostsCount(t *testing.T) {
	tests := map[string]struct {
		hosts, every int
		want         string
	}{
		"none known":   {0, 2, "0 0"},
		"one":          {1, 1, "1 1"},
		"half of few":  {10, 2, "5 10"},
		"64":           {64, 1, "64 64"},
		"65":           {65, 1, "64 64"},
		"all of many":  {10000, 1, "64 64"},
		"half of many": {1001, 2, "32 64"},
		"none of many": {200, 0, "0 64"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPod(t)
			var hosts, up strings.Builder
			for i := range test.hosts {
				fmt.Fprintf(&hosts, "demo-%d\n", i)
				if test.every > 0 && i%test.every == 0 {
					fmt.Fprintf(&up, "demo-%d\n", i)
				}
			}
			p.write("gpk/state/hosts", hosts.String())
			p.write("up", up.String())
			p.env = append(p.env, "UP="+p.path("up"))
			p.fake("timeout", `host=${4#*/dev/tcp/}; grep -qx "${host%%/22*}" "$UP"`)
			if r := p.run(nil, "hosts.sh", "count"); strings.TrimSpace(r.out) != test.want {
				t.Errorf("it says %q, want %q", r.out, test.want)
			}
		})
	}
}

// Whoever is cut off from the DNS knows the addresses of those that it counts, and of the other coordinator.
func TestHostsNote(t *testing.T) {
	p := newPod(t)
	var hosts strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&hosts, "demo-%d\n", i)
	}
	p.write("gpk/state/hosts", hosts.String())
	p.env = append(p.env, "GPK_COORDINATORS=demo-coordinator-0.demo demo-coordinator-1.demo", "TRIED="+p.path("tried"))
	p.fake("getent", `echo "10.0.0.1 $2"`)
	p.fake("timeout", `echo "$4" >>"$TRIED"`)
	p.run(nil, "hosts.sh", "note")
	if r := p.run(nil, "hosts.sh", "count"); strings.TrimSpace(r.out) != "64 64" {
		t.Errorf("it says %q", r.out)
	}
	p.run(nil, "hosts.sh", "reach", "demo-coordinator-1.demo")
	if tried := p.read("tried"); strings.Count(tried, "/dev/tcp/10.0.0.1/22") != 65 {
		t.Errorf("not by the addresses that were noted: %s", tried)
	}
}

// Over ssh a host is called at the address that was noted, and by its name only where that leads elsewhere: each call of a host that is
// gone takes five seconds.
func TestHostsOver(t *testing.T) {
	const host = "demo-coordinator-0.demo"
	tests := map[string]struct {
		noted, now string
		answers    string
		tried      string
		status     int
	}{
		"at its address":                     {"10.0.0.1", "10.0.0.2", "10.0.0.1", "10.0.0.1", 7},
		"it is gone":                         {"10.0.0.1", "10.0.0.1", "", "10.0.0.1", 255},
		"it is gone, and so is its name":     {"10.0.0.1", "", "", "10.0.0.1", 255},
		"its successor answers":              {"10.0.0.1", "10.0.0.2", host, "10.0.0.1 " + host, 7},
		"its successor is gone too":          {"10.0.0.1", "10.0.0.2", "", "10.0.0.1 " + host, 255},
		"no address was noted":               {"", "10.0.0.2", host, host, 7},
		"no address was noted, and it fails": {"", "", "", host, 255},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := newPod(t)
			if test.noted != "" {
				p.write("tmp/gpk-addresses", host+" "+test.noted+"\n")
			}
			p.write("tried", "")
			p.fake("getent", `[ -n "`+test.now+`" ] && echo "`+test.now+` $2"`)
			// The last argument is the command, and the one before that is where it goes.
			p.fake("ssh", `at=${@: -2:1}; echo "$at" >>`+p.path("tried")+`; [ "$at" = "`+test.answers+`" ] && exit 7; exit 255`)
			r := p.run(nil, "hosts.sh", "over", host, "true")
			if tried := strings.Join(strings.Fields(p.read("tried")), " "); tried != test.tried || r.status != test.status {
				t.Errorf("it tried %q and ended with %d, want %q and %d", tried, r.status, test.tried, test.status)
			}
		})
	}
}

// Both coordinators' pods note the addresses once a minute, and not while they are still at it.
func TestKeepNotesHosts(t *testing.T) {
	tests := map[string]struct {
		follows, slow bool
		want          int
	}{"the acting coordinator": {false, false, 3}, "the standby": {true, false, 3}, "without a DNS that answers": {true, true, 1}}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			p := keepPod(t, "demo-coordinator-0", "26")
			p.write(coordinatorDir+"/running", "")
			p.write("gpk/state/coordinator", "demo-coordinator-0")
			if test.follows {
				p.write(coordinatorDir+"/standby.signal", "")
				p.write("gpk/state/coordinator", "demo-coordinator-1")
			}
			slow := ""
			if test.slow {
				slow = "exec >/dev/null 2>&1; until [ -e " + p.path("over") + " ]; do /bin/sleep 0.05; done"
			}
			p.write("noted", "")
			p.write("gpk/scripts/hosts.sh", `[ "$1" = note ] && echo note >>`+p.path("noted")+"\n"+slow)
			if !test.follows {
				// It is cut off from nothing.
				p.env = append(p.env, "GPK_COORDINATORS=demo-coordinator-0.demo")
			}
			p.run(nil, "keep.sh")
			p.write("over", "")
			if got := strings.Count(p.read("noted"), "note"); got != test.want {
				t.Errorf("noted %d times in 26 looks of five seconds, want %d", got, test.want)
			}
		})
	}
}

// speaker is a server on loopback that says something, or nothing, to whoever connects; it returns its port.
func speaker(t *testing.T, says string) string {
	t.Helper()
	return listen(t, func(connection net.Conn) {
		_, _ = io.WriteString(connection, says)
		t.Cleanup(func() { _ = connection.Close() })
	})
}

// A host is reached when its sshd has spoken: a proxy on the way takes every connection.
func TestHostsReachSpeaker(t *testing.T) {
	for says, reached := range map[string]bool{"SSH-2.0-OpenSSH_9.2\r\n": true, "": false, "HTTP/1.1 503 no upstream\r\n": false} {
		p := newPod(t)
		p.write("gpk/scripts/hosts.sh", strings.ReplaceAll(p.read("gpk/scripts/hosts.sh"), "}/22 ", "}/"+speaker(t, says)+" "))
		if r := p.run(nil, "hosts.sh", "reach", "127.0.0.1"); (r.status == 0) != reached {
			t.Errorf("what says %q is reached: %t", says, r.status == 0)
		}
	}
}

// The API server counts when it says that it is ready, or that it does not tell: the one of this machine may have lost its fellows.
func TestHostsReachAPI(t *testing.T) {
	api := func(port string) bool {
		p := newPod(t)
		p.env = append(p.env, "KUBERNETES_SERVICE_HOST=127.0.0.1", "KUBERNETES_SERVICE_PORT="+port)
		return p.run(nil, "hosts.sh", "api").status == 0
	}
	for status, reached := range map[int]bool{http.StatusOK: true, http.StatusUnauthorized: true, http.StatusForbidden: true,
		http.StatusInternalServerError: false, http.StatusServiceUnavailable: false} {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/readyz" {
				w.WriteHeader(status)
			}
		}))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		t.Cleanup(server.Close)
		_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
		if api(port) != reached {
			t.Errorf("one that answers %d is reached: %t", status, !reached)
		}
	}
	if api(speaker(t, "")) {
		t.Error("one that accepts and says nothing counts as reached")
	}
}
