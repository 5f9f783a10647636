package remote

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"gpk/pkg/segments"
)

// Dial connects with an address that a pod reaches, and gpk perhaps not. Closing the connection ends the program in the pod.
func (p *Pods) Dial(ctx context.Context, pod, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	near, far := net.Pipe()
	// The connection outlives the request that it was opened for.
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	opened := &podConn{Conn: near, end: end, ended: make(chan struct{})}
	var errs bytes.Buffer
	go func() {
		defer close(opened.ended)
		defer end()
		err := p.Exec(running, pod, segments.Connect(host, port).Argv, Streams{In: far, Out: far, Err: &errs})
		if exit, exited := errors.AsType[*Error](err); exited {
			err = &UnconnectedError{pod, address, LastLines(errs.String(), 1), exit.Status}
		}
		opened.err = err
		_ = far.Close()
	}()
	stop := context.AfterFunc(ctx, func() { _ = opened.Close() })
	defer stop()
	opened.rest = bufio.NewReader(near)
	said, err := opened.rest.ReadString('\n')
	if err == nil && strings.TrimSpace(said) == "connected" {
		return opened, nil
	}
	_ = opened.Close()
	<-opened.ended
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case opened.err != nil:
		return nil, opened.err
	}
	return nil, &UnconnectedError{pod, address, strings.TrimSpace(said), 0}
}

// UnconnectedError is an address that a pod does not reach.
type UnconnectedError struct {
	Pod, Address, Why string
	status            int
}

// Error names the pod and the address.
func (e *UnconnectedError) Error() string {
	return fmt.Sprintf("pod %s does not reach %s: %s", e.Pod, e.Address, e.Why)
}

// Scriptless reports whether the pod has no script for connections: an earlier gpk has made its scripts.
func (e *UnconnectedError) Scriptless() bool {
	return e.status == 127 || e.status == 126 || strings.Contains(e.Why, "connect.sh: No such file")
}

// podConn is a connection of a program in a pod.
type podConn struct {
	net.Conn
	rest  *bufio.Reader
	end   context.CancelFunc
	ended chan struct{}
	err   error
}

// Read reads what has come through the pod. When the program has ended, so has the connection.
func (c *podConn) Read(data []byte) (int, error) {
	n, err := c.rest.Read(data)
	if errors.Is(err, io.ErrClosedPipe) {
		err = io.EOF
	}
	return n, err
}

// Close ends the program in the pod as well.
func (c *podConn) Close() error {
	err := c.Conn.Close()
	c.end()
	return err
}
