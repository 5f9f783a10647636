package prober

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/roster"
	"gpk/test/standin/internal/utility"
)

// Launch starts a prober for the server that the process pid is or becomes. The
// prober is nobody's child: PostgreSQL must not find one it does not know.
func Launch(ctx context.Context, gphome string) func(dir string, pid int) error {
	return func(dir string, pid int) error {
		cmd := exec.CommandContext(ctx, filepath.Join(gphome, "bin", roster.Prober), "launch", dir, strconv.Itoa(pid))
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return cmd.Run()
	}
}

// Main is the process. Called with "launch" it starts itself anew and ends, so
// that the one left has no parent; called with "watch" it watches.
func Main(ctx context.Context, env utility.Environment) error {
	if len(env.Args) != 3 {
		return fmt.Errorf("%s is started by postgres beside a coordinator: launch|watch DIRECTORY PID", roster.Prober)
	}
	dir := env.Args[1]
	pid, err := strconv.Atoi(env.Args[2])
	if err != nil {
		return err
	}
	if env.Args[0] == "launch" {
		return launch(context.WithoutCancel(ctx), env, dir, pid)
	}
	return watch(ctx, env, dir, pid)
}

func launch(ctx context.Context, env utility.Environment, dir string, pid int) error {
	if err := os.MkdirAll(filepath.Join(dir, "log"), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(filepath.Join(dir, "log", "prober.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }()
	cmd := exec.CommandContext(ctx, filepath.Join(env.Home, "bin", roster.Prober), "watch", dir, strconv.Itoa(pid))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd.Start()
}

// watch runs a prober as long as the server lives. The handle of the process is
// taken while it is still the one that launched this: its number may be given
// to another later.
func watch(ctx context.Context, env utility.Environment, dir string, pid int) error {
	handle, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("server %d: %w", pid, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for {
			//nolint:gosec // a descriptor is small
			n, err := unix.Poll([]unix.PollFd{{Fd: int32(handle), Events: unix.POLLIN}}, -1)
			if n > 0 || err != unix.EINTR {
				return
			}
		}
	}()
	port, err := instance.Port(dir)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	New(dir, port, env.Remote, log).Run(ctx)
	return nil
}

// setting is a time that a data directory sets, in seconds unless it says
// otherwise.
func setting(dir, name string, otherwise time.Duration) time.Duration {
	if value, ok := instance.Read(dir, name); ok {
		if d, err := time.ParseDuration(value); err == nil {
			return d
		}
		if n, err := strconv.Atoi(value); err == nil {
			return time.Duration(n) * time.Second
		}
	}
	return otherwise
}
