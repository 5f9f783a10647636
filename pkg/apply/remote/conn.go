package remote

import (
	"context"
	"io"
	"net"
	"time"

	"gpk/pkg/segments"
)

// Dial connects to a port of a pod, from the pod itself: no network policy and no other route is in between. The connection ends with ctx.
func (p *Pods) Dial(ctx context.Context, pod string, port int32) net.Conn {
	ctx, cancel := context.WithCancel(ctx)
	sent, toPod := io.Pipe()
	fromPod, received := io.Pipe()
	c := &conn{PipeReader: fromPod, in: toPod, cancel: cancel}
	go func() {
		err := p.Exec(ctx, pod, segments.Relay(port).Argv, Streams{In: sent, Out: received, Err: io.Discard})
		if err == nil {
			err = io.EOF
		}
		_ = received.CloseWithError(err)
		_ = sent.CloseWithError(err)
	}()
	return c
}

// conn is a connection over the streams of an exec.
type conn struct {
	*io.PipeReader
	in     *io.PipeWriter
	cancel context.CancelFunc
}

func (c *conn) Write(data []byte) (int, error) { return c.in.Write(data) }

// Close ends the program in the pod: its standard input ends, and the stream with it.
func (c *conn) Close() error {
	_ = c.in.Close()
	_ = c.PipeReader.Close()
	c.cancel()
	return nil
}

func (c *conn) LocalAddr() net.Addr  { return address{} }
func (c *conn) RemoteAddr() net.Addr { return address{} }

// The context bounds the connection.
func (c *conn) SetDeadline(time.Time) error      { return nil }
func (c *conn) SetReadDeadline(time.Time) error  { return nil }
func (c *conn) SetWriteDeadline(time.Time) error { return nil }

type address struct{}

func (address) Network() string { return "exec" }
func (address) String() string  { return "pod" }
