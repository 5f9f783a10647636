package remote

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"gpk/pkg/segments"
)

// session is an exec of session.sh in a pod, which runs one command after another. An exec is a new process in the container's
// namespaces: the container runtime takes ten times as long for it as most commands do.
type session struct {
	pod string
	in  *io.PipeWriter
	out *bufio.Reader
	// over is closed when the stream has ended, and end ends it.
	over chan struct{}
	end  context.CancelFunc
	// greeted: the pod has answered that the session runs. rested is when it was last kept for the next command.
	greeted bool
	rested  Moment
}

// Limits of the kept sessions. One ends by itself after two minutes without a command, and a proxy on the way may forget it earlier.
const (
	sessionRests = 30 * time.Second
	sessionsKept = 16
)

// sessions are those that no command uses at the moment, and the pods that have none.
type sessions struct {
	mutex sync.Mutex
	idle  map[string][]*session
	kept  int
	// unsupported are pods whose scripts are too old for sessions.
	unsupported sync.Map
}

// errNoSession means that the pod's scripts or its bash are too old for sessions. No command was run.
var errNoSession = errors.New("the pod has no sessions")

// reply is the output of a command, and its exit status.
type reply struct {
	out, errs string
	status    int
}

// runInSession runs a command in a pod by a session. It is an error if the command may or may not have run.
func (p *Pods) runInSession(ctx context.Context, pod string, command segments.Command) (reply, error) {
	s := p.sessions.take(pod)
	if s == nil {
		if _, old := p.sessions.unsupported.Load(pod); old {
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
	ended, exited := errors.AsType[*Error](err)
	switch {
	case Refused(err):
	case err != nil && givenUp:
		err = context.Cause(ctx)
	case exited && !s.greeted:
		p.sessions.unsupported.Store(pod, true)
		err = errNoSession
	case exited:
		// The status is that of the session, and not of the command.
		err = fmt.Errorf("exec in pod %s: the session ended with exit status %d before its answer", pod, ended.Status)
	}
	return answer, err
}

// openSession starts a session that outlives its caller. If it cannot start, its first command fails.
func (p *Pods) openSession(ctx context.Context, pod string) *session {
	ctx, end := context.WithCancel(context.WithoutCancel(ctx))
	stdin, in := io.Pipe()
	out, stdout := io.Pipe()
	s := &session{pod: pod, in: in, out: bufio.NewReader(out), over: make(chan struct{}), end: end}
	go func() {
		defer end()
		err := p.Exec(ctx, pod, segments.Session().Argv, Streams{In: stdin, Out: stdout, Err: io.Discard})
		if err == nil {
			err = &StreamError{pod, errCut}
		}
		_ = stdout.CloseWithError(err)
		_ = stdin.CloseWithError(err)
		close(s.over)
	}()
	return s
}

func (s *session) ask(command segments.Command) (reply, error) {
	var request bytes.Buffer
	fmt.Fprintf(&request, "%d %d\n", len(command.Argv), len(command.Stdin))
	for _, arg := range command.Argv {
		request.WriteString(arg + "\x00")
	}
	request.WriteString(command.Stdin + "end\n")
	_, writing := s.in.Write(request.Bytes())
	if !s.greeted {
		if err := s.greet(); err != nil {
			return reply{}, err
		}
	}
	if writing != nil {
		return reply{}, writing
	}
	return s.read()
}

// mostBefore is how many lines gpk passes over that the image's shell prints before the session begins.
const mostBefore = 100

// greet waits until the session has said that it runs.
func (s *session) greet() error {
	first := ""
	for range mostBefore {
		line, err := s.out.ReadString('\n')
		if err != nil {
			return err
		}
		if s.greeted = line == "ready\n"; s.greeted {
			return nil
		}
		first = cmp.Or(first, line)
	}
	return fmt.Errorf("exec in pod %s: the session began with %q", s.pod, first)
}

// read reads a reply: a line with the exit status and the lengths of both outputs, and then these.
func (s *session) read() (answer reply, err error) {
	line, err := s.out.ReadString('\n')
	if err != nil {
		return reply{}, err
	}
	var lengths [2]int
	if _, err := fmt.Sscanf(line, "%d %d %d\n", &answer.status, &lengths[0], &lengths[1]); err != nil {
		return reply{}, fmt.Errorf("exec in pod %s: the reply began with %q", s.pod, line)
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

// take is an idle session of the pod, or nil.
func (c *sessions) take(pod string) *session {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	for len(c.idle[pod]) > 0 {
		last := len(c.idle[pod]) - 1
		s := c.idle[pod][last]
		c.idle[pod] = c.idle[pod][:last]
		c.kept--
		if !s.ended() && s.rested.Ago() < sessionRests {
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
	s.rested = Now()
	c.idle[s.pod] = append(c.idle[s.pod], s)
	c.kept++
}

// leave lets the session end by itself.
func (s *session) leave() { _ = s.in.Close() }
