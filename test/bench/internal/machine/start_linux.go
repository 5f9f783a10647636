package machine

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// InitCommand is the hidden command that a machine's init is started by; its
// only argument is the file of the machine's Spec.
const InitCommand = "machine-init"

// Start makes the machine. Its new init waits while prepare, which is called
// with it, records it and wires its network; only then, if prepare returned no
// error, does init build and start anything. An init whose maker dies while it
// waits ends by itself.
func Start(s Spec, groups *Groups, prepare func(Process) error) error {
	if err := s.write(); err != nil {
		return err
	}
	log, err := os.OpenFile(LogFile(s.Run, s.Name, "init"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("start machine %s: %w", s.Name, err)
	}
	defer log.Close() //nolint:errcheck // the init has its own copy
	cmd := exec.Command("/proc/self/exe", InitCommand, s.file())
	cmd.Env = serviceEnv()
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setsid:     true,
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS,
	}
	release, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("start machine %s: %w", s.Name, err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start machine %s: %w", s.Name, err)
	}
	go cmd.Wait() //nolint:errcheck // only reaps
	if err := letGo(s, cmd.Process.Pid, groups, prepare, release); err != nil {
		_ = cmd.Process.Kill()
		return fmt.Errorf("start machine %s: %w", s.Name, err)
	}
	return nil
}

func letGo(s Spec, pid int, groups *Groups, prepare func(Process) error, release interface {
	Write([]byte) (int, error)
	Close() error
}) error {
	defer release.Close() //nolint:errcheck // without the word below, init ends
	init, err := identify(pid)
	if err != nil {
		return err
	}
	if err := groups.Join(filepath.Join(s.Name, "init"), pid); err != nil {
		return err
	}
	if err := groups.Weigh(s.Name, s.Weight); err != nil {
		return err
	}
	if err := prepare(init); err != nil {
		return err
	}
	_, err = release.Write([]byte(goWord))
	return err
}

// goWord is what init waits for on its standard input.
const goWord = "go\n"

// serviceEnv keeps the caller's environment out of the servers: a proxy or a
// KUBECONFIG set there must not change what they do.
func serviceEnv() []string {
	return []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root", "LANG=C.UTF-8", "TMPDIR=/tmp",
	}
}
