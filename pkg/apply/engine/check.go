package engine

import (
	"context"

	"gpk/pkg/plan"
)

// check is the Check of a step, which can run before its finding is needed.
type check struct {
	handler Handler
	finding Finding
	err     error
	// ended is closed when a Check that was started early has ended. Nil: it runs when its finding is needed.
	ended  chan struct{}
	cancel context.CancelFunc
}

// check is the Check of a step. An early one starts at once.
func (e *Engine) check(ctx context.Context, step plan.Step, early bool) *check {
	c := &check{}
	if c.handler, c.err = e.Handler(step); c.err != nil || !early {
		return c
	}
	ctx, c.cancel = context.WithCancel(ctx)
	c.ended = make(chan struct{})
	go func() {
		defer close(c.ended)
		c.finding, c.err = checked(ctx, c.handler)
	}()
	return c
}

// found is the finding, once there is one.
func (c *check) found(ctx context.Context) (Finding, error) {
	switch {
	case c.ended != nil:
		<-c.ended
		c.cancel()
	case c.err == nil:
		c.finding, c.err = checked(ctx, c.handler)
	}
	return c.finding, c.err
}

// discard ends an early Check whose finding nobody needs. c may be nil.
func (c *check) discard() {
	if c != nil && c.ended != nil {
		c.cancel()
		<-c.ended
	}
}
