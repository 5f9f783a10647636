// Command gpk makes and runs Greenplum clusters on Kubernetes. This package owns the flags, one file per command, what
// people and machines are shown, and the exit statuses. It knows nothing of how anything is done.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
)

func main() {
	// What client-go would log beside gpk's own words comes back as an error as well.
	klog.SetLogger(logr.Discard())
	ctx, stop := signalContext()
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// run is main with its surroundings given, and returns the exit status.
func run(ctx context.Context, args []string, io streams) int {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	root, a := newRoot(io)
	root.SetArgs(args)
	root.SetIn(io.in)
	root.SetOut(io.out)
	root.SetErr(io.err)
	err := root.ExecuteContext(ctx)
	return a.report(err)
}

// errInterrupted is the cause of a context that a signal ended.
var errInterrupted = errors.New("interrupted")

// signalContext ends at the first interrupt, and gives what runs the chance to give the lock back. A second one kills.
func signalContext() (context.Context, func()) {
	caught, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	ctx, cancel := context.WithCancelCause(context.Background())
	context.AfterFunc(caught, func() {
		stop()
		cancel(errInterrupted)
	})
	return ctx, stop
}
