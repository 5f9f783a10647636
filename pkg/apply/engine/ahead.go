package engine

import (
	"context"

	"gpk/pkg/plan"
)

// look is a Check, which may have begun before its answer is wanted.
type look struct {
	handler Handler
	finding Finding
	err     error
	// over is closed when one that has begun has ended. Nil: it has not begun.
	over chan struct{}
	end  context.CancelFunc
}

// look is a look at a step. Ahead of its turn it begins at once.
func (e *Engine) look(ctx context.Context, step plan.Step, ahead bool) *look {
	l := &look{end: func() {}}
	if l.handler, l.err = e.Handler(step); l.err != nil || !ahead {
		return l
	}
	ctx, l.end = context.WithCancel(ctx)
	l.over = make(chan struct{})
	go func() {
		defer close(l.over)
		l.finding, l.err = checked(ctx, l.handler)
	}()
	return l
}

// found is what the Check says.
func (l *look) found(ctx context.Context) (Finding, error) {
	switch {
	case l.over != nil:
		<-l.over
		l.end()
	case l.err == nil:
		l.finding, l.err = checked(ctx, l.handler)
	}
	return l.finding, l.err
}

// forget ends a Check whose answer nobody wants any more. Of none there is nothing to end.
func (l *look) forget() {
	if l != nil && l.over != nil {
		l.end()
		<-l.over
	}
}
