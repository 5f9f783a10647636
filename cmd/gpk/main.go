// Command gpk makes and runs Greenplum clusters on Kubernetes. This package owns the flags, one file per command, what
// people and machines are shown, and the exit statuses. It knows nothing of how anything is done.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/go-logr/logr"
	"github.com/spf13/cobra"
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

// version is set by the linker in a release.
var version = "" //nolint:gochecknoglobals // the linker can set nothing else

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show gpk's own version",
		RunE: func(*cobra.Command, []string) error {
			v := ownVersion()
			return a.print(v, v.String()+"\n")
		},
	}
}

func ownVersion() versionInfo {
	v := versionInfo{Version: version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if build, ok := debug.ReadBuildInfo(); ok && v.Version == "" {
		v.Version = build.Main.Version
	}
	return v
}

// String is the version on one line.
func (v versionInfo) String() string {
	return fmt.Sprintf("gpk %s, %s, %s", v.Version, v.Go, v.Platform)
}

// versionInfo is what `gpk version -o json` prints.
type versionInfo struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}
