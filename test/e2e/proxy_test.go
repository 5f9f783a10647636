//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"encoding/pem"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"gpk/test/apitest"
)

// proxy stands between gpk and the API server, as a load balancer does, and can cut what is said with pods. All else it lets
// through.
type proxy struct {
	// cuts says of a command, when its pod has begun to answer, whether that answer is kept back and the stream cut. The last words
	// are what the API server then says in its place.
	cuts      func(command string) bool
	lastWords []byte
	mutex     sync.Mutex
	// streams are those that are open, and commands all that were ever opened for, in order.
	streams  map[*stream]bool
	commands []string
	// rights are what all requests have needed, of a namespace.
	rights []apitest.Right
}

// stream is a connection over which a command in a pod is talked with, or one command after another in a session.
type stream struct {
	net.Conn
	proxy *proxy
	// begun is the command that it was opened for, and command the latest one.
	begun, command string
	asked          asked
}

// proxied is a proxy for the test's account, and the kubeconfig with which gpk goes through it.
func (c *cluster) proxied(cuts func(command string) bool, lastWords []byte) (*proxy, string) {
	c.t.Helper()
	p := &proxy{cuts: cuts, lastWords: lastWords, streams: map[*stream]bool{}}
	tls, err := rest.TLSConfigFor(&rest.Config{TLSClientConfig: rest.TLSClientConfig{
		CAData: shared.Config.CAData, CAFile: shared.Config.CAFile, Insecure: shared.Config.Insecure}})
	c.must(nil, err)
	to, err := url.Parse(shared.Config.Host)
	c.must(nil, err)
	forward := httputil.NewSingleHostReverseProxy(to)
	forward.Transport = &http.Transport{TLSClientConfig: tls}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		right, _ := apitest.RightFor(r)
		p.mutex.Lock()
		p.rights = append(p.rights, right)
		p.mutex.Unlock()
		forward.ServeHTTP(&answering{w, p, strings.Join(r.URL.Query()["command"], " ")}, r)
	}))
	quiet := log.New(io.Discard, "", 0) // gpk leaves in the middle of things, and streams are cut
	forward.ErrorLog, server.Config.ErrorLog = quiet, quiet
	server.StartTLS()
	c.t.Cleanup(server.Close)

	config, err := clientcmd.LoadFromFile(c.kubeconfig)
	c.must(nil, err)
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	for _, known := range config.Clusters {
		known.Server, known.CertificateAuthority, known.CertificateAuthorityData, known.InsecureSkipTLSVerify = server.URL, "", authority, false
	}
	path := filepath.Join(c.home, "kubeconfig-proxied")
	c.must(nil, clientcmd.WriteToFile(*config, path))
	return p, path
}

// answering is where the proxy answers a request. An exec takes its connection over.
type answering struct {
	http.ResponseWriter
	proxy   *proxy
	command string
}

// Hijack is how a stream begins.
func (a *answering) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	s := &stream{Conn: conn, proxy: a.proxy, begun: a.command, command: a.command}
	a.proxy.mutex.Lock()
	defer a.proxy.mutex.Unlock()
	a.proxy.streams[s] = true
	a.proxy.commands = append(a.proxy.commands, a.command)
	return s, buffered, nil
}

// Unwrap is for http.ResponseController.
func (a *answering) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// says tells whether a message says something, and not only that a stream is open or that a session is ready.
func says(data []byte) bool {
	const empty = 4
	return len(data) > empty && !bytes.HasSuffix(data, []byte("\x01ready\n"))
}

// Read hands on what gpk sends, and notes what it asks of a session.
func (s *stream) Read(data []byte) (int, error) {
	n, err := s.Conn.Read(data)
	if strings.HasSuffix(s.begun, "session.sh") {
		commands := s.asked.next(data[:n])
		s.proxy.mutex.Lock()
		defer s.proxy.mutex.Unlock()
		s.proxy.commands = append(s.proxy.commands, commands...)
		if len(commands) > 0 {
			s.command = commands[len(commands)-1]
		}
	}
	return n, err
}

// latest is the command that is being answered.
func (s *stream) latest() string {
	s.proxy.mutex.Lock()
	defer s.proxy.mutex.Unlock()
	return s.command
}

// Write hands on what the pod says, unless that is to be cut.
func (s *stream) Write(data []byte) (int, error) {
	if says(data) && s.proxy.cuts != nil && s.proxy.cuts(s.latest()) {
		_, _ = s.Conn.Write(s.proxy.lastWords)
		_ = s.Close()
		return 0, net.ErrClosed
	}
	return s.Conn.Write(data)
}

// Close cuts the stream.
func (s *stream) Close() error {
	s.proxy.mutex.Lock()
	delete(s.proxy.streams, s)
	s.proxy.mutex.Unlock()
	return s.Conn.Close()
}

// opened is how many streams there have been for commands with these words.
func (p *proxy) opened(words string) int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	n := 0
	for _, command := range p.commands {
		if strings.Contains(command, words) {
			n++
		}
	}
	return n
}

// cut cuts all streams of commands with these words and returns how many there were.
func (p *proxy) cut(words string) int {
	p.mutex.Lock()
	var found []*stream
	for s := range p.streams {
		if strings.Contains(s.command, words) {
			found = append(found, s)
		}
	}
	p.mutex.Unlock()
	for _, s := range found {
		_ = s.Close()
	}
	return len(found)
}
