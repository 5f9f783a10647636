package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// restartAfter is how long a service that ended stays down: as a machine's own
// service manager would have it, but short, for tests wait for it.
const restartAfter = time.Second

// Init is the first process of a machine. It waits for its maker's word, builds
// the machine's view of the file system, and then runs its services for good.
func Init(specFile string, log io.Writer) error {
	data, err := os.ReadFile(specFile)
	if err != nil {
		return fmt.Errorf("read the machine's services: %w", err)
	}
	var spec Spec
	if err := json.Unmarshal(data, &spec); err != nil {
		return fmt.Errorf("read the machine's services: %w", err)
	}
	word := make([]byte, len(goWord))
	if _, err := io.ReadFull(os.Stdin, word); err != nil {
		return errors.New("the bench that made this machine ended before it was wired")
	}
	if err := build(spec); err != nil {
		return fmt.Errorf("build machine %s: %w", spec.Name, err)
	}
	supervise(spec.Services, log)
	return nil
}

// supervise starts the services, starts each again when it ends, and, as a
// first process must, reaps whatever dies below it. It never returns: the
// machine lives until its init is killed.
func supervise(services []Service, log io.Writer) {
	dead := make(chan death)
	go reap(dead)
	due := make(chan Service, len(services))
	for _, s := range services {
		due <- s
	}
	again := func(s Service) { time.AfterFunc(restartAfter, func() { due <- s }) }
	running := map[int]Service{}
	for {
		select {
		case s := <-due:
			pid, err := s.start()
			if err != nil {
				say(log, "%s can't be started: %v", s.Name, err)
				again(s)
				continue
			}
			say(log, "%s started as process %d", s.Name, pid)
			running[pid] = s
		case d := <-dead:
			s, ours := running[d.pid]
			if !ours {
				continue // an orphan that was left to init
			}
			delete(running, d.pid)
			say(log, "%s ended: %s", s.Name, d.status)
			again(s)
		}
	}
}

type death struct {
	pid    int
	status string
}

func reap(dead chan<- death) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.ECHILD: // nothing runs just now
			time.Sleep(restartAfter / 4)
		case err != nil: // EINTR
		case status.Signaled():
			dead <- death{pid, "signal " + status.Signal().String()}
		default:
			dead <- death{pid, fmt.Sprintf("exit status %d", status.ExitStatus())}
		}
	}
}

func (s Service) start() (pid int, err error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close() //nolint:errcheck // read only
	path := filepath.Join(OwnDir, "log", s.Name+".log")
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return 0, err
	}
	defer log.Close() //nolint:errcheck // the service has its own copy
	return syscall.ForkExec(s.Path, append([]string{s.Name}, s.Args...), &syscall.ProcAttr{
		Dir:   "/",
		Env:   serviceEnv(),
		Files: []uintptr{null.Fd(), log.Fd(), log.Fd()},
		Sys:   &syscall.SysProcAttr{Setsid: true},
	})
}

func say(log io.Writer, format string, args ...any) {
	fmt.Fprintf(log, "%s %s\n", time.Now().Format(time.RFC3339), fmt.Sprintf(format, args...)) //nolint:errcheck // nowhere left to say it
}
