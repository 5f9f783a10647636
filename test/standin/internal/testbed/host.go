package testbed

import (
	"bytes"
	"context"
	_ "embed" // the scripts below
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Host is one of a bed's hosts.
type Host struct {
	Name string
	bed  *Bed
	ip   string
	init *exec.Cmd // the outer process; its death ends the host
	pid  int       // of the host's first process, seen from outside
}

// FQDN is the host's full name.
func (h *Host) FQDN() string { return h.Name + "." + Domain }

func (h *Host) root() string  { return filepath.Join(h.bed.dir, h.Name, "root") }
func (h *Host) netns() string { return h.bed.bridge + "-" + h.Name }
func (h *Host) veth() string  { return h.bed.bridge + "v" + h.ip[strings.LastIndex(h.ip, ".")+1:] }

// sshdConfig is what a user-mode sshd in a restricted pod runs with.
const sshdConfig = `Port 22
HostKey /home/gpadmin/sshd/host
PidFile none
UsePAM no
StrictModes no
AuthorizedKeysFile /home/gpadmin/.ssh/authorized_keys
MaxStartups 500
MaxSessions 500
`

// initScript becomes the first process of a host, createScript lays it out.
// Both take what varies from the environment.
var (
	//go:embed init.sh
	initScript string
	//go:embed create.sh
	createScript string
)

func (h *Host) variables() []string {
	return append(os.Environ(), "ROOT="+h.root(), "NAME="+h.Name, "NETNS="+h.netns(), "VETH="+h.veth(), "BRIDGE="+h.bed.bridge,
		"IP="+h.ip, "BASE="+h.bed.base, "KEYS="+h.bed.dir)
}

// Start starts a host: with its disk as it was, but /tmp and /dev/shm empty.
func (h *Host) Start(ctx context.Context) error {
	fresh := false
	if _, err := os.Stat(h.root()); err != nil {
		fresh = true
	}
	if fresh {
		if err := h.create(ctx); err != nil {
			return err
		}
	}
	log, err := os.OpenFile(filepath.Join(h.bed.dir, h.Name, "sshd.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	// Not of this context: the host outlives what started it, until Stop.
	h.init = exec.CommandContext(context.WithoutCancel(ctx), "nsenter", "--net=/run/netns/"+h.netns(),
		"unshare", "--fork", "--kill-child", "--pid", "--mount", "--uts", "--ipc", "bash", "-c", initScript)
	h.init.Env = h.variables()
	h.init.Stdout, h.init.Stderr = log, log
	if err := h.init.Start(); err != nil {
		return err
	}
	for range 1000 {
		if out, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", h.init.Process.Pid, h.init.Process.Pid)); err == nil {
			if pid, err := strconv.Atoi(strings.TrimSpace(string(out))); err == nil {
				h.pid = pid
				if _, err := h.Run(ctx, "true"); err == nil {
					return nil
				}
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("no shell in it after a while, see %s", log.Name())
}

// create lays out the host's root and network.
func (h *Host) create(ctx context.Context) error {
	home := filepath.Join(h.root(), "home/gpadmin")
	cmd := exec.CommandContext(ctx, "bash", "-c", createScript)
	cmd.Env = h.variables()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	for path, text := range map[string]string{
		filepath.Join(home, "sshd/config"):      sshdConfig,
		filepath.Join(h.root(), "etc/hosts"):    h.bed.etcHosts(),
		filepath.Join(h.root(), "etc/hostname"): h.Name + "\n",
	} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return sh(ctx, fmt.Sprintf("chown -R 1000:1000 %s %s/greenplum && chmod 600 %s/.ssh/id_ed25519", home, h.root(), home))
}

// Stop ends every process of the host at once, as when a pod is deleted, and
// waits until the last has let go of the network.
func (h *Host) Stop(ctx context.Context) {
	if h.init == nil {
		return
	}
	// The first process itself: it has changed its user, and so would outlive
	// the one that was to take it along.
	_ = syscall.Kill(h.pid, syscall.SIGKILL)
	_ = h.init.Process.Kill()
	_ = h.init.Wait()
	h.init = nil
	_ = sh(ctx, fmt.Sprintf("for i in $(seq 200); do [ -z \"$(ip netns pids %s)\" ] && break; sleep 0.05; done", h.netns()))
}

// Result is what a command did.
type Result struct {
	Output string // both streams
	Status int
}

// Run runs a command line on the host as gpadmin, with the utilities'
// environment of a coordinator.
func (h *Host) Run(ctx context.Context, command string) (Result, error) {
	cmd := h.Command(ctx, command)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	r := Result{Output: out.String(), Status: cmd.ProcessState.ExitCode()}
	if err != nil {
		return r, fmt.Errorf("%s on %s: %w\n%s", command, h.Name, err, r.Output)
	}
	return r, nil
}

// Command prepares a command line for the host.
func (h *Host) Command(ctx context.Context, command string) *exec.Cmd {
	return exec.CommandContext(ctx, "nsenter", "--target", strconv.Itoa(h.pid), "--mount", "--uts", "--ipc", "--net", "--pid",
		"chroot", h.root(), "setpriv", "--reuid=1000", "--regid=1000", "--clear-groups", "--no-new-privs",
		"--bounding-set=-all", "--inh-caps=-all", "env", "-i", "HOME=/home/gpadmin", "USER=gpadmin", "LOGNAME=gpadmin",
		"LANG=en_US.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin",
		"COORDINATOR_DATA_DIRECTORY=/greenplum/coordinator/gpseg-1", "PGPORT=5432",
		"bash", "-c", ". /usr/local/greenplum-db/greenplum_path.sh; cd; "+command)
}
