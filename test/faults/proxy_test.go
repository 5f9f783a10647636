//go:build faults

package faults

import (
	"bufio"
	"bytes"
	"encoding/json"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// note is an entry that gpk adds to its journal: a step is started, done or failed.
type note struct {
	Step  string `json:"step"`
	Event string `json:"event"`
}

// request is what the proxy shows of a request before it goes on.
type request struct {
	*http.Request
	// note is what the request adds to the journal; empty for any other request.
	note note
	// pod is the pod in which the request runs a program, if it does.
	pod string
}

// proxy stands between gpk and the API server.
type proxy struct {
	kubeconfig string
	// before is asked before each request goes on, one at a time. It may take its time. An HTTP status other than 0 is the answer.
	before func(request) int
	turn   sync.Mutex
	mutex  sync.Mutex
	// streams are open connections to programs in pods.
	streams map[net.Conn]bool
}

var execPath = regexp.MustCompile(`/pods/([^/]+)/exec$`)

// proxied is a proxy for a cluster's account, until the returned function ends it.
func (c *cluster) proxied(before func(request) int) (*proxy, func()) {
	c.t.Helper()
	p := &proxy{before: before, streams: map[net.Conn]bool{}, kubeconfig: filepath.Join(c.home, "kubeconfig-proxied")}
	tls, err := rest.TLSConfigFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{
		CAData: shared.Config.CAData, CAFile: shared.Config.CAFile, Insecure: shared.Config.Insecure}})
	c.must(nil, err)
	to, err := url.Parse(shared.Config.Host)
	c.must(nil, err)
	forward := httputil.NewSingleHostReverseProxy(to)
	forward.Transport = &http.Transport{TLSClientConfig: tls}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if status := p.ask(r); status != 0 {
			refuse(w, status)
			return
		}
		forward.ServeHTTP(&answering{w, p}, r)
	}))
	quiet := log.New(io.Discard, "", 0) // gpk is killed, and streams are cut
	forward.ErrorLog, server.Config.ErrorLog = quiet, quiet
	server.StartTLS()

	config, err := clientcmd.LoadFromFile(c.kubeconfig)
	c.must(nil, err)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for _, known := range config.Clusters {
		known.Server, known.CertificateAuthority, known.CertificateAuthorityData, known.InsecureSkipTLSVerify = server.URL, "", authority, false
	}
	c.must(nil, clientcmd.WriteToFile(*config, p.kubeconfig))
	return p, func() {
		p.cut()
		server.CloseClientConnections()
		server.Close()
	}
}

// ask shows a request to the case that runs.
func (p *proxy) ask(r *http.Request) int {
	shown := request{Request: r}
	if match := execPath.FindStringSubmatch(r.URL.Path); match != nil {
		shown.pod = match[1]
	}
	if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/configmaps/"+name+"-gpk") {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return http.StatusBadGateway
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		shown.note = lastNote(body)
	}
	p.turn.Lock()
	defer p.turn.Unlock()
	return p.before(shown)
}

// lastNote is the latest entry of the journal in a record that gpk applies.
func lastNote(body []byte) note {
	var record struct{ Data map[string]string }
	var journal []note
	if json.Unmarshal(body, &record) != nil || json.Unmarshal([]byte(record.Data["journal.json"]), &journal) != nil || len(journal) == 0 {
		return note{}
	}
	return journal[len(journal)-1]
}

// refuse answers as an API server does that has too much to do, has a fault, or has had another writer first.
func refuse(w http.ResponseWriter, status int) {
	reasons := map[int]string{http.StatusTooManyRequests: "TooManyRequests", http.StatusInternalServerError: "InternalError", http.StatusConflict: "Conflict"}
	w.Header().Set("Content-Type", "application/json")
	if status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Failure",
		"message": "refused by the test", "reason": reasons[status], "code": status})
}

// answering is where the proxy answers a request. A program in a pod takes its connection over.
type answering struct {
	http.ResponseWriter
	proxy *proxy
}

// Hijack is how a stream begins.
func (a *answering) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.proxy.mutex.Lock()
		a.proxy.streams[conn] = true
		a.proxy.mutex.Unlock()
	}
	return conn, buffered, err
}

// Unwrap is for http.ResponseController.
func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// cut closes every stream to a pod. Those that have ended do not mind.
func (p *proxy) cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for conn := range p.streams {
		_ = conn.Close()
	}
	clear(p.streams)
}
