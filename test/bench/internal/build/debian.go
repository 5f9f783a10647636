package build

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// A tool is a program that a bench starts, and Debian's package that has it.
type tool struct{ program, pkg string }

func tools() []tool {
	return []tool{
		{"/usr/bin/containerd", "containerd"},
		{"/usr/bin/ctr", "containerd"},
		{"runc", "runc"},
		{"/usr/lib/cni/ptp", "containernetworking-plugins"},
		{"/usr/lib/cni/host-local", "containernetworking-plugins"},
		{"/usr/lib/cni/portmap", "containernetworking-plugins"},
		{"iptables", "iptables"},
		{"conntrack", "conntrack"},
		{"ip", "iproute2"},
		{"nsenter", "util-linux"},
		{"mount", "mount"},
	}
}

// MissingPackages names Debian's packages of the tools that aren't there, each once.
func MissingPackages() []string {
	return missing(tools(), func(program string) bool {
		_, err := exec.LookPath(program)
		return err == nil
	})
}

func missing(tools []tool, there func(program string) bool) []string {
	var packages []string
	for _, t := range tools {
		if !there(t.program) && !slices.Contains(packages, t.pkg) {
			packages = append(packages, t.pkg)
		}
	}
	return packages
}

// CanInstall says whether this host has Debian's package tool.
func CanInstall() bool {
	_, err := exec.LookPath("apt-get")
	return err == nil
}

// Install installs Debian's packages, with fresh lists if the ones at hand don't do.
func Install(ctx context.Context, packages []string) error {
	install := append([]string{"install", "--yes", "--no-install-recommends"}, packages...)
	if _, err := aptGet(ctx, install...); err == nil {
		return nil
	}
	if said, err := aptGet(ctx, "update"); err != nil {
		return fmt.Errorf("apt-get update: %w\n%s", err, said)
	}
	if said, err := aptGet(ctx, install...); err != nil {
		return fmt.Errorf("apt-get install %s: %w\n%s", strings.Join(packages, " "), err, said)
	}
	return nil
}

func aptGet(ctx context.Context, args ...string) (string, error) {
	// Someone else's installation is waited for.
	cmd := exec.CommandContext(ctx, "apt-get", append([]string{"--quiet", "-o", "DPkg::Lock::Timeout=300"}, args...)...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	said, err := cmd.CombinedOutput()
	return string(said), err
}
