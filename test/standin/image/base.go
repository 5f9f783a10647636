package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const suite = "bookworm"

// packages are what the image has beyond Debian's smallest system.
func packages() []string {
	return []string{
		"bash", "debianutils", "gawk", "hostname", "iproute2", "iputils-ping", "less", "locales", "net-tools",
		"openssh-client", "openssh-server", "postgresql-15", "procps", "rsync",
	}
}

// stripped are paths that the image does without: documentation, caches, the
// compiler behind PostgreSQL's JIT (which is off), host keys, and whatever would
// make two builds differ.
func stripped() []string {
	return []string{
		"usr/share/doc", "usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/i18n", "usr/share/lintian",
		"usr/share/bash-completion", "usr/share/perl", "usr/lib/x86_64-linux-gnu/perl", "usr/lib/x86_64-linux-gnu/libLLVM-14.so.1",
		"usr/lib/llvm-14", "usr/lib/postgresql/15/lib/bitcode", "usr/lib/postgresql/15/lib/llvmjit.so",
		"usr/lib/x86_64-linux-gnu/libz3.so.4", "var/cache", "var/lib/apt", "var/lib/postgresql", "var/log", "var/lib/dpkg/info",
		"etc/postgresql/15", "etc/machine-id", "etc/resolv.conf", "etc/hostname", "proc", "sys", "dev", "tmp", "run", "debootstrap",
		"etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_rsa_key.pub", "etc/ssh/ssh_host_ecdsa_key",
		"etc/ssh/ssh_host_ecdsa_key.pub", "etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub",
		"etc/ssl/private", "etc/ssl/certs/ssl-cert-snakeoil.pem",
	}
}

// setup runs in the new system as root.
const setup = `set -e
localedef -i en_US -f UTF-8 en_US.UTF-8
groupadd -g 1000 gpadmin
useradd -u 1000 -g 1000 -m -s /bin/bash gpadmin
mkdir -p /greenplum && chown gpadmin:gpadmin /greenplum
`

// base gives the layer of the Debian system, from the cache if it has one of
// this very content.
func (b builder) base(ctx context.Context) (string, error) {
	key := sha256.Sum256([]byte(strings.Join(slices.Concat([]string{suite, setup, layerForm}, packages(), stripped()), "\n")))
	layer := filepath.Join(b.cache, "base-"+hex.EncodeToString(key[:8])+".tar.gz")
	if _, err := os.Stat(layer); err == nil {
		return layer, nil
	}
	if os.Geteuid() != 0 {
		return "", errors.New("the base of the image is built by debootstrap, which needs root: run this as root once")
	}
	if err := needDebootstrap(ctx); err != nil {
		return "", err
	}
	root, err := os.MkdirTemp(b.cache, "rootfs-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(root) }()
	mirror, err := aptMirror("/etc/apt", suite)
	if err != nil {
		return "", err
	}
	_, _ = fmt.Fprintln(b.log, "building the base of the image by debootstrap: about two minutes, once")
	include := "--include=" + strings.Join(packages(), ",")
	if err := run(ctx, "debootstrap", "--variant=minbase", include, suite, root, mirror); err != nil {
		return "", fmt.Errorf("debootstrap: %w", err)
	}
	if err := run(ctx, "chroot", root, "/bin/sh", "-c", setup); err != nil {
		return "", fmt.Errorf("set the base up: %w", err)
	}
	return layer, pack(root, layer, stripped())
}

func needDebootstrap(ctx context.Context) error {
	install := []string{"install", "-y", "--no-install-recommends", "debootstrap"}
	for _, args := range [][]string{install, {"update"}, install} {
		if _, err := exec.LookPath("debootstrap"); err == nil {
			return nil
		}
		if err := run(ctx, "apt-get", args...); err != nil && args[0] == "update" {
			return fmt.Errorf("debootstrap is missing and apt-get cannot install it: %w", err)
		}
	}
	if _, err := exec.LookPath("debootstrap"); err != nil {
		return fmt.Errorf("debootstrap is missing and apt-get did not install it: %w", err)
	}
	return nil
}

// run runs a command and shows the end of its output when it fails.
func run(ctx context.Context, command string, args ...string) error {
	cmd := exec.CommandContext(ctx, command, args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err != nil {
		tail := out[max(0, len(out)-2000):]
		return fmt.Errorf("%w\n%s", err, tail)
	}
	return nil
}
