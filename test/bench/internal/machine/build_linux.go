package machine

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// build turns the copy of the host's mounts that init was born with into the
// machine's own view. Servers have folders compiled into them (/run/containerd,
// /var/lib/cni, /var/log/containers …): here those lie in the machine's folder
// or in memory, and the rest of the host can only be read.
func build(s Spec) error {
	if err := syscall.Sethostname([]byte(s.Name)); err != nil {
		return fmt.Errorf("set the host name: %w", err)
	}
	own := Dir(s.Run, s.Name)
	root := filepath.Join(own, "root") // becomes /run
	steps := []func() error{
		// What is mounted here must not reach the host, while what the host
		// unmounts must not be kept here.
		mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, ""),
		mount("tmpfs", root, "tmpfs", syscall.MS_NOSUID, "mode=755"),
		folder(filepath.Join(root, "bench")),
		folder(filepath.Join(root, "own")),
		folder(filepath.Join(root, "lock")),
		mount(s.Run, filepath.Join(root, "bench"), "", syscall.MS_BIND, ""),
		mount(own, filepath.Join(root, "own"), "", syscall.MS_BIND, ""),
		mount(filepath.Join(own, "var/lib"), "/var/lib", "", syscall.MS_BIND, ""),
		mount(filepath.Join(own, "var/log"), "/var/log", "", syscall.MS_BIND, ""),
		mount(root, "/run", "", syscall.MS_BIND|syscall.MS_REC, ""),
		mount("tmpfs", "/tmp", "tmpfs", syscall.MS_NOSUID, "mode=1777"),
		mount("proc", "/proc", "proc", 0, ""),
		func() error { return setSysctls(s.Sysctls) },
		func() error { return pretend(s.Pretended) },
		mount("", "/", "", syscall.MS_REMOUNT|syscall.MS_BIND|syscall.MS_RDONLY, ""),
		// The kubelet wants its mounts to be shared with its containers.
		mount("", "/", "", syscall.MS_REC|syscall.MS_SHARED, ""),
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func mount(source, target, kind string, flags uintptr, data string) func() error {
	return func() error {
		if err := syscall.Mount(source, target, kind, flags, data); err != nil {
			return fmt.Errorf("mount %s: %w", target, err)
		}
		return nil
	}
}

func folder(path string) func() error {
	return func() error { return os.MkdirAll(path, 0o755) }
}

func setSysctls(settings map[string]string) error {
	for _, path := range slices.Sorted(maps.Keys(settings)) {
		if err := os.WriteFile(filepath.Join("/proc/sys", path), []byte(settings[path]), 0o644); err != nil {
			return fmt.Errorf("set sysctl: %w", err)
		}
	}
	return nil
}

// pretend lays a file of the machine's own over each setting.
func pretend(settings map[string]string) error {
	for _, path := range slices.Sorted(maps.Keys(settings)) {
		file := filepath.Join(OwnDir, "pretended", strings.ReplaceAll(path, "/", "."))
		if err := os.WriteFile(file, []byte(settings[path]+"\n"), 0o644); err != nil {
			return err
		}
		if err := mount(file, filepath.Join("/proc/sys", path), "", syscall.MS_BIND, "")(); err != nil {
			return err
		}
	}
	return nil
}
