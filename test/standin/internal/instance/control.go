package instance

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"gpk/test/standin/internal/shell"
)

// Values of gp_role.
const (
	Dispatch = "dispatch" // the coordinator, for everybody
	Execute  = "execute"  // a segment
	Utility  = "utility"  // the coordinator alone: no prober
)

// EraFile holds the era, in the coordinator's directory: since when it runs.
const EraFile = "log/gp_era"

// StartCommand is the command line that starts the instance in a directory and
// waits until it answers, or, a replica, until it streams.
func StartCommand(dir string, port int, role string) string {
	options := fmt.Sprintf(" -p %d -c gp_role=%s ", port, role)
	return fmt.Sprintf("mkdir -p %[1]s/log; pg_ctl -D %[1]s -l %[1]s/log/startup.log -w -t 600 -o %[2]s start",
		shell.Quote(dir), shell.Quote(options))
}

// Announcement is what the utilities log before they start a coordinator, which
// they wait for, or a standby, which they do not.
func Announcement(era, dir, role string, wait bool) string {
	option := ""
	if wait {
		option = "-w "
	}
	return fmt.Sprintf("CoordinatorStart pg_ctl cmd is env GPSESSID=0000000000 GPERA=%s $GPHOME/bin/pg_ctl -D %s "+
		"-l %s/log/startup.log %s-t 600 -o \" -c gp_role=%s \" start", era, dir, dir, option, role)
}

// StopCommand is the command line that stops an instance and waits until it
// has. One that does not run is fine, though its pid file may have stayed.
func StopCommand(dir, mode string, timeout int) string {
	return fmt.Sprintf("if pg_ctl -D %[1]s status >/dev/null 2>&1; then pg_ctl -D %[1]s -m %[2]s -w -t %[3]d stop; fi",
		shell.Quote(dir), mode, timeout)
}

// EndCommand is the command line that stops a failed instance. Its pid file may
// name a stranger: pids repeat in containers.
func EndCommand(dir string) string {
	return fmt.Sprintf("pid=$(head -n 1 %[1]s/%[2]s 2>/dev/null); if [ -n \"$pid\" ]; then "+
		"if grep -qs postgres /proc/$pid/comm && grep -qsF -- %[1]s /proc/$pid/cmdline; then pg_ctl -D %[1]s -m fast -w -t 600 stop; "+
		"else rm -f %[1]s/%[2]s; fi; fi", shell.Quote(dir), PidFile)
}

// ControlCommand is the command line that prints a directory's control file.
func ControlCommand(dir string) string { return "pg_controldata " + shell.Quote(dir) }

// ReloadCommand is the command line that makes an instance read its files anew.
func ReloadCommand(dir string) string {
	return fmt.Sprintf("pg_ctl -D %s reload", shell.Quote(dir))
}

// PromoteCommand is the command line that makes a primary of a mirror.
func PromoteCommand(dir string) string {
	return fmt.Sprintf("pg_ctl -D %s -w -t 60 promote", shell.Quote(dir))
}

// BackupCommand is the command line that fills a directory from a primary and
// makes a replica of it, with a replication slot of its own. The replica's name
// is entered afterwards: the copying itself must not pass for a replica.
func BackupCommand(dir, user, host string, port int) string {
	return fmt.Sprintf("pg_basebackup --wal-method=stream --create-slot --slot=%s -c fast -D %s -h %s -p %d && %s",
		Slot, shell.Quote(dir), host, port, FollowCommand(dir, user, host, port))
}

// Slot is the name of the replication slot of a mirror or a standby.
const Slot = "internal_wal_replication_slot"

// Pid reads the pid file of a directory of this host. Without one the error is
// os.ErrNotExist.
func Pid(dir string) (int, error) {
	data, err := os.ReadFile(filepath.Join(dir, PidFile))
	if err != nil {
		return 0, err
	}
	first, _, _ := bytes.Cut(data, []byte("\n"))
	pid, err := strconv.Atoi(strings.TrimSpace(string(first)))
	if err != nil {
		return 0, fmt.Errorf("no pid in %s: %w", filepath.Join(dir, PidFile), err)
	}
	return pid, nil
}

// Alive tells whether a process with the pid is there, be it a stranger.
func Alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// Stopping tells whether the server in a directory of this host was told to
// stop: it says so in the pid file's last line.
func Stopping(dir string) bool {
	data, err := os.ReadFile(filepath.Join(dir, PidFile))
	return err == nil && strings.HasPrefix(lastLine(string(data)), "stopping")
}

func lastLine(text string) string {
	text = strings.TrimRight(text, "\n ")
	return text[strings.LastIndex(text, "\n")+1:]
}
