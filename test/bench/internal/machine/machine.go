// Package machine makes the bench's machines: each is one process, the init of
// its own process, mount, network and host-name namespaces, with everything a
// machine runs below it. Whatever a machine mounts, listens on, routes or
// filters lives in those namespaces, so killing the one init, at any moment and
// by anyone, leaves nothing of it but its folder and its control groups.
package machine

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Where a machine sees what lies elsewhere on the host: configurations name
// these, so that they don't depend on where the project is.
const (
	RunDir = "/run/bench" // the instance's folder of running state
	OwnDir = "/run/own"   // the machine's own folder
)

// Spec is what a machine runs. It is handed to the machine's init as a file.
type Spec struct {
	Name     string    `json:"name"`
	Run      string    `json:"run"` // the instance's folder on the host
	Services []Service `json:"services"`
	// Sysctls of the machine's network namespace, by path below /proc/sys.
	Sysctls map[string]string `json:"sysctls,omitempty"`
	// Pretended is what files below /proc/sys seem to hold in this machine: a
	// kubelet insists on kernel settings that are the host's to choose.
	Pretended map[string]string `json:"pretended,omitempty"`
	// Weight is how many times as much of the host's processors as another machine
	// this one gets where all of them are wanted. 0 is 1.
	Weight int `json:"weight,omitempty"`
}

// Service is a program that init starts, and starts again when it ends.
type Service struct {
	Name string   `json:"name"` // also the argv[0] it is started with
	Path string   `json:"path"` // as the machine sees it
	Args []string `json:"args"`
}

// Dir is the machine's own folder below the instance's run folder.
func Dir(run, name string) string { return filepath.Join(run, "machines", name) }

// LogFile is where a service's output goes, on the host.
func LogFile(run, name, service string) string {
	return filepath.Join(Dir(run, name), "log", service+".log")
}

// folders are those that a machine's namespaces are built on.
func (s Spec) folders() []string {
	dir := Dir(s.Run, s.Name)
	return []string{
		filepath.Join(dir, "log"), filepath.Join(dir, "root"),
		filepath.Join(dir, "pretended"),
		filepath.Join(dir, "var/lib"), filepath.Join(dir, "var/log"),
	}
}

func (s Spec) file() string { return filepath.Join(Dir(s.Run, s.Name), "machine.json") }

func (s Spec) write() error {
	for _, dir := range s.folders() {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make machine %s: %w", s.Name, err)
		}
	}
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("make machine %s: %w", s.Name, err)
	}
	if err := os.WriteFile(s.file(), data, 0o644); err != nil {
		return fmt.Errorf("make machine %s: %w", s.Name, err)
	}
	return nil
}

// Process names one process for good: a pid alone is given to another process
// some day, a pid with its start time is not.
type Process struct {
	PID   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks after boot
	// Released is set once its machine was wired and it was let go. An init that
	// was not dies with its maker, a moment later.
	Released bool `json:"released"`
}

// Works says whether this very process runs, was not killed, and its machine was
// made whole.
func (p Process) Works() bool { return p.Released && p.Alive() && !p.dying() }

// dying says whether the process was killed. A machine's init ends only when all
// that it runs has ended; its namespaces may be gone before.
func (p Process) dying() bool {
	stat, err := readStat(p.PID)
	if err != nil || stat.exiting {
		return true
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.PID))
	return err != nil || killPending(string(status))
}

// killPending reads proc(5)'s status: whether SIGKILL is on its way to the thread
// or to the whole process.
func killPending(status string) bool {
	for line := range strings.Lines(status) {
		name, mask, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		if name != "SigPnd" && name != "ShdPnd" {
			continue
		}
		signals, err := strconv.ParseUint(mask, 16, 64)
		if err != nil || signals&(1<<(syscall.SIGKILL-1)) != 0 {
			return true
		}
	}
	return false
}

// Alive says whether this very process runs; a zombie doesn't.
func (p Process) Alive() bool {
	if p.PID <= 0 {
		return false
	}
	stat, err := readStat(p.PID)
	return err == nil && stat.start == p.Start && stat.state != "Z" && stat.state != "X"
}

// Kill ends the process; if it is a machine's init, the whole machine.
func (p Process) Kill() error {
	if !p.Alive() {
		return nil
	}
	if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil && err != syscall.ESRCH {
		return fmt.Errorf("kill process %d: %w", p.PID, err)
	}
	return nil
}

// KillService kills what runs as the service of that name in the machine whose
// init this is, and waits until it is gone. None that runs is as good: init is
// about to start it again.
func (p Process) KillService(name string, timeout time.Duration) error {
	children, err := p.children()
	if err != nil {
		return err
	}
	deadline := time.Now().Add(timeout)
	for _, child := range children {
		argv0, _, _ := strings.Cut(child.commandLine(), "\x00")
		if argv0 != name {
			continue
		}
		for child.Alive() {
			if err := child.Kill(); err != nil {
				return err
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("%s doesn't end, though killed", name)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

// children are the processes that this one started and has not buried.
func (p Process) children() ([]Process, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.PID))
	if err != nil {
		return nil, err
	}
	var children []Process
	for _, task := range tasks { // each thread has its own
		pids, err := os.ReadFile(task)
		if err != nil {
			continue // the thread is gone; its children are another's
		}
		for field := range strings.FieldsSeq(string(pids)) {
			pid, err := strconv.Atoi(field)
			if err != nil {
				return nil, fmt.Errorf("read the children of process %d: %w", p.PID, err)
			}
			if child, err := identify(pid); err == nil {
				children = append(children, child)
			}
		}
	}
	return children, nil
}

// commandLine holds a null after each word; it is empty for a zombie.
func (p Process) commandLine() string {
	line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID)) // gone already is as good
	return string(line)
}

// identify turns a pid that is known to be ours at this moment into a Process.
func identify(pid int) (Process, error) {
	stat, err := readStat(pid)
	return Process{PID: pid, Start: stat.start}, err
}

// stat is what there is to know of a process here.
type stat struct {
	state string
	start uint64
	// exiting: it is on its way out, and no longer to be stopped.
	exiting bool
}

func readStat(pid int) (stat, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return stat{}, err
	}
	return parseStat(string(data))
}

// parseStat reads proc(5)'s stat line: the command, in brackets, may hold
// anything, so fields are counted from its closing one.
func parseStat(line string) (stat, error) {
	// flags is field 9 and starttime field 22; what follows the bracket is field 3.
	const flagsField, startField = 9 - 3, 22 - 3
	const exiting = 0x4 // PF_EXITING of the kernel
	_, rest, found := cutLast(line, ") ")
	fields := strings.Fields(rest)
	if !found || len(fields) <= startField {
		return stat{}, fmt.Errorf("no stat line of a process: %q", line)
	}
	flags, err1 := strconv.ParseUint(fields[flagsField], 10, 64)
	start, err2 := strconv.ParseUint(fields[startField], 10, 64)
	return stat{fields[0], start, flags&exiting != 0}, errors.Join(err1, err2)
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
