package machine

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Groups is the instance's control groups: in each hierarchy of the host one
// group, below it one for each machine, below that its init (and on nodes the
// pods). They are how everything an instance started is found again, whatever
// became of the records.
type Groups struct {
	name  string
	roots []string // of the hierarchies
}

// OpenGroups finds the host's hierarchies: the one of version 2, or all of version 1.
func OpenGroups(mounted, name string) (*Groups, error) {
	if _, err := os.Stat(filepath.Join(mounted, "cgroup.controllers")); err == nil {
		return &Groups{name: name, roots: []string{mounted}}, nil
	}
	entries, err := os.ReadDir(mounted)
	if err != nil {
		return nil, fmt.Errorf("find the control groups: %w", err)
	}
	g := &Groups{name: name}
	for _, e := range entries { // links like cpuacct → cpu,cpuacct are no directories
		root := filepath.Join(mounted, e.Name())
		if _, err := os.Stat(filepath.Join(root, "cgroup.procs")); e.IsDir() && err == nil {
			g.roots = append(g.roots, root)
		}
	}
	if len(g.roots) == 0 {
		return nil, fmt.Errorf("no control groups are mounted on %s", mounted)
	}
	return g, nil
}

// Path is a group's name as the kubelet wants it: from the hierarchy's root.
func (g *Groups) Path(sub string) string { return "/" + filepath.Join(g.name, sub) }

// Make makes the group sub in every hierarchy.
func (g *Groups) Make(sub string) error {
	for _, root := range g.roots {
		if err := makeGroup(root, g.Path(sub)); err != nil {
			return fmt.Errorf("make control group: %w", err)
		}
	}
	return nil
}

// makeGroup makes one level after the other: a group of cpuset can hold no
// process before it has processors and memory of its own, as its parent has.
func makeGroup(root, path string) error {
	parent := root
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		delegate(parent)
		dir := filepath.Join(parent, part)
		if err := os.Mkdir(dir, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if err := inherit(parent, dir, file); err != nil {
				return err
			}
		}
		parent = dir
	}
	return nil
}

// delegate lets a group of version 2 hand its controllers down to its children,
// where the kubelet looks for them. Of one that can't be, the kubelet complains.
func delegate(group string) {
	controllers, err := os.ReadFile(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return // version 1
	}
	for c := range strings.FieldsSeq(string(controllers)) {
		_ = os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte("+"+c), 0o644)
	}
}

func inherit(parent, dir, file string) error {
	value, err := os.ReadFile(filepath.Join(dir, file))
	if errors.Is(err, fs.ErrNotExist) || strings.TrimSpace(string(value)) != "" {
		return nil
	}
	if value, err = os.ReadFile(filepath.Join(parent, file)); err != nil {
		return nil //nolint:nilerr // version 2: its root has no such file, and none is needed
	}
	if strings.TrimSpace(string(value)) == "" {
		return nil
	}
	return os.WriteFile(filepath.Join(dir, file), value, 0o644)
}

// Join makes the group sub and moves the process into it.
func (g *Groups) Join(sub string, pid int) error {
	if err := g.Make(sub); err != nil {
		return err
	}
	for _, root := range g.roots {
		file := filepath.Join(root, g.Path(sub), "cgroup.procs")
		if err := os.WriteFile(file, []byte(strconv.Itoa(pid)), 0o644); err != nil {
			return fmt.Errorf("join control group: %w", err)
		}
	}
	return nil
}

// Weigh gives the group sub so many times the processor time of the groups beside
// it, where all of them want it.
func (g *Groups) Weigh(sub string, times int) error {
	if times == 0 {
		return nil
	}
	for _, root := range g.roots {
		// What a group has without that, in version 1 and in version 2.
		for file, usual := range map[string]int{"cpu.shares": 1024, "cpu.weight": 100} {
			path := filepath.Join(root, g.Path(sub), file)
			if _, err := os.Stat(path); err != nil {
				continue
			}
			if err := os.WriteFile(path, []byte(strconv.Itoa(times*usual)), 0o644); err != nil {
				return fmt.Errorf("weigh control group: %w", err)
			}
		}
	}
	return nil
}

// Freeze stops every process in the group sub and below where it stands. None of
// them sees that time passes.
func (g *Groups) Freeze(sub string) error {
	for _, root := range g.roots {
		if err := setFreezer(filepath.Join(root, g.Path(sub)), "FROZEN", "1"); err != nil {
			return err
		}
	}
	return nil
}

// Thaw has the processes of the group sub go on, and of all groups below that are
// frozen.
func (g *Groups) Thaw(sub string) error {
	for _, root := range g.roots {
		for _, dir := range tree(filepath.Join(root, g.Path(sub))) {
			if err := setFreezer(dir, "THAWED", "0"); err != nil {
				return err
			}
		}
	}
	return nil
}

// setFreezer writes a group's state, where its hierarchy has one. A group that is
// gone has no process.
func setFreezer(dir, version1, version2 string) error {
	for file, state := range map[string]string{"freezer.state": version1, "cgroup.freeze": version2} {
		out, err := os.OpenFile(filepath.Join(dir, file), os.O_WRONLY, 0)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			_, err = out.WriteString(state)
			err = errors.Join(err, out.Close())
		}
		if err != nil {
			return fmt.Errorf("freeze or thaw a control group: %w", err)
		}
	}
	return nil
}

// Empty kills every process in the group sub and below, until there is none.
func (g *Groups) Empty(sub string, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	if err := g.Thaw(sub); err != nil { // of version 1, what is frozen does not end
		return err
	}
	for {
		pids := g.processes(sub)
		if len(pids) == 0 {
			return nil
		}
		for _, pid := range pids {
			_ = syscall.Kill(pid, syscall.SIGKILL) // gone already is as good
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d processes of %s don't end, though killed: %v", len(pids), g.Path(sub), pids)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// processes lists who is in the group sub or below it, in any hierarchy.
func (g *Groups) processes(sub string) []int {
	var pids []int
	for _, root := range g.roots {
		for _, dir := range tree(filepath.Join(root, g.Path(sub))) {
			data, _ := os.ReadFile(filepath.Join(dir, "cgroup.procs")) // gone already is as good
			for _, field := range strings.Fields(string(data)) {
				if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
					pids = append(pids, pid)
				}
			}
		}
	}
	slices.Sort(pids)
	return slices.Compact(pids)
}

// Remove removes the group sub and all below it, in every hierarchy. The kernel
// keeps a group busy for a moment after its last process.
func (g *Groups) Remove(sub string, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for {
		err := g.removeOnce(sub)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (g *Groups) removeOnce(sub string) error {
	for _, root := range g.roots {
		dirs := tree(filepath.Join(root, g.Path(sub)))
		slices.Reverse(dirs)
		for _, dir := range dirs {
			if err := syscall.Rmdir(dir); err != nil && err != syscall.ENOENT {
				return fmt.Errorf("remove control group %s: %w", dir, err)
			}
		}
	}
	return nil
}

// tree lists dir and the folders below it, parents first; none if dir is gone.
func tree(dir string) []string {
	var dirs []string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			dirs = append(dirs, path)
		}
		return nil
	})
	return dirs
}
