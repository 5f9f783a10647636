package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"gpk/test/bench/internal/machine"
)

// Down removes the bench and everything in it, volumes too. It works from any
// state: it needs no record, and what is gone already is as good.
func (i *Instance) Down(ctx context.Context, stage Stage) error {
	unlock, err := i.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return stage("stop machines and remove what they leave", func() error { return i.clear(ctx) })
}

func (i *Instance) clear(ctx context.Context) error {
	st, err := readState(i.stateFile())
	if err != nil { // no record, or one that can't be read: the groups know
		st = &State{Machines: map[string]machine.Process{}}
	}
	if err := i.stopMachines(st); err != nil {
		return err
	}
	if err := removeLink(ctx, i.link()); err != nil {
		return err
	}
	if err := i.groups.Remove("", patience); err != nil {
		return err
	}
	if err := unmountBelow(i.run()); err != nil {
		return err
	}
	if err := os.RemoveAll(i.Kubeconfig()); err != nil {
		return fmt.Errorf("remove the kubeconfig: %w", err)
	}
	return removeAll(i.run(), patience)
}

// removeAll tries again for a while: the mounts of a machine that was just
// killed are cleared away by the kernel in its own time.
func removeAll(dir string, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for {
		err := os.RemoveAll(dir)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("remove the bench's running state: %w", err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// unmountBelow unmounts what someone mounted below dir. Machines mount nothing
// on the host, but removing a folder must never reach into another file system.
func unmountBelow(dir string) error {
	file, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("read the host's mounts: %w", err)
	}
	defer file.Close() //nolint:errcheck // read only
	var below []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if point, ok := mountPoint(lines.Text()); ok && strings.HasPrefix(point, dir+"/") {
			below = append(below, point)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the host's mounts: %w", err)
	}
	slices.Reverse(below) // what was mounted last goes first
	for _, point := range below {
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil && !errors.Is(err, syscall.EINVAL) {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}

// mountPoint reads the fifth field of a line of mountinfo, in which blanks are
// written as octal numbers.
func mountPoint(line string) (string, bool) {
	fields := strings.Fields(line)
	if len(fields) < 5 {
		return "", false
	}
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(fields[4]), true
}
