package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"gpk/pkg/segments"
)

// session is an exec in a pod that carries out one command after another, as session.sh does. To a container runtime an exec
// is a new process in the container's namespaces, which takes ten times what most of gpk's questions do.
type session struct {
	pod string
	in  *io.PipeWriter
	out *bufio.Reader
	// over is closed when the stream has ended, and end ends it.
	over chan struct{}
	end  context.CancelFunc
	// greeted: it has said that it is there. rested is when it was last put by.
	greeted bool
	rested  time.Time
}

// How long a session may lie idle before it is better left, since it ends by itself after two minutes and whatever is on its way
// to the pod may have forgotten it, and how many gpk keeps.
const (
	sessionRests = 30 * time.Second
	sessionsKept = 16
)

// sessions are those that nobody uses at the moment, and the pods that have none.
type sessions struct {
	mutex   sync.Mutex
	idle    map[string][]*session
	kept    int
	without map[string]bool
}

// errNoSession means that the pod's scripts or its bash are too old for sessions. Nothing was carried out.
var errNoSession = errors.New("the pod has no sessions")

// reply is what a command has said, and its exit status.
type reply struct {
	out, errs string
	status    int
}

// ask carries out a command in a pod by a session. A command that may or may not have been carried out is an error.
func (p *Pods) ask(ctx context.Context, pod string, command segments.Command) (reply, error) {
	s := p.sessions.take(pod)
	if s == nil {
		if p.sessions.lacks(pod) {
			return reply{}, errNoSession
		}
		s = p.openSession(ctx, pod)
	}
	stop := context.AfterFunc(ctx, s.end)
	answer, err := s.ask(command)
	givenUp := !stop()
	if err == nil && !givenUp {
		p.sessions.put(s)
		return answer, nil
	}
	s.end()
	var ended *Error
	switch {
	case err != nil && givenUp:
		err = context.Cause(ctx)
	case errors.As(err, &ended) && !s.greeted:
		p.sessions.doWithout(pod)
		err = errNoSession
	case errors.As(err, &ended):
		// It is the status of the session, and not of the command.
		err = fmt.Errorf("exec in pod %s: it ended with status %d before the answer had come", pod, ended.Status)
	}
	return answer, err
}

// openSession begins a session that outlives its caller. That it could not be had is what its first question says.
func (p *Pods) openSession(ctx context.Context, pod string) *session {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	s := &session{pod: pod, in: in, out: bufio.NewReader(out), over: make(chan struct{}), end: end}
	go func() {
		defer end()
		err := p.Exec(ctx, pod, segments.Session().Argv, Streams{In: stdin, Out: stdout, Err: io.Discard})
		if err == nil {
			err = fmt.Errorf("exec in pod %s: it ended before the answer had come", pod)
		}
		_ = stdout.CloseWithError(err)
		_ = stdin.CloseWithError(err)
		close(s.over)
	}()
	return s
}

// ask sends a command, and waits for what it has to say.
func (s *session) ask(command segments.Command) (reply, error) {
	var request bytes.Buffer
	fmt.Fprintf(&request, "%d %d\n", len(command.Argv), len(command.Stdin))
	for _, arg := range command.Argv {
		request.WriteString(arg + "\x00")
	}
	request.WriteString(command.Stdin + "end\n")
	_, writing := s.in.Write(request.Bytes())
	if !s.greeted {
		if greeting, err := s.out.ReadString('\n'); err != nil {
			return reply{}, err
		} else if greeting != "ready\n" {
			return reply{}, fmt.Errorf("exec in pod %s: it began with %q", s.pod, greeting)
		}
		s.greeted = true
	}
	if writing != nil {
		return reply{}, writing
	}
	return s.read()
}

func (s *session) read() (answer reply, err error) {
	line, err := s.out.ReadString('\n')
	if err != nil {
		return reply{}, err
	}
	var lengths [2]int
	if _, err := fmt.Sscanf(line, "%d %d %d\n", &answer.status, &lengths[0], &lengths[1]); err != nil {
		return reply{}, fmt.Errorf("exec in pod %s: an answer began with %q", s.pod, line)
	}
	for i, said := range []*string{&answer.out, &answer.errs} {
		var text bytes.Buffer
		if _, err := io.CopyN(&text, s.out, int64(lengths[i])); err != nil {
			return reply{}, err
		}
		*said = text.String()
	}
	return answer, nil
}

// ended says whether the session's stream has ended.
func (s *session) ended() bool {
	select {
	case <-s.over:
		return true
	default:
		return false
	}
}

// take is a session of the pod that nobody uses, or nil.
func (c *sessions) take(pod string) *session {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for len(c.idle[pod]) > 0 {
		last := len(c.idle[pod]) - 1
		s := c.idle[pod][last]
		c.idle[pod] = c.idle[pod][:last]
		c.kept--
		if !s.ended() && time.Since(s.rested) < sessionRests {
			return s
		}
		s.leave()
	}
	return nil
}

// put keeps a session for the next command, unless enough are kept.
func (c *sessions) put(s *session) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.kept >= sessionsKept {
		s.leave()
		return
	}
	if c.idle == nil {
		c.idle = map[string][]*session{}
	}
	s.rested = time.Now()
	c.idle[s.pod] = append(c.idle[s.pod], s)
	c.kept++
}

// leave lets the session end by itself.
func (s *session) leave() { _ = s.in.Close() }

func (c *sessions) lacks(pod string) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.without[pod]
}

func (c *sessions) doWithout(pod string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.without == nil {
		c.without = map[string]bool{}
	}
	c.without[pod] = true
}
