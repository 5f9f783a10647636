// Package testbed runs hosts on one machine, each a process tree with its own
// root, network, processes and name, as pods are, for tests of the stand-in
// without Kubernetes. It needs root on Linux.
package testbed

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Bed is a set of hosts on a bridge of their own.
type Bed struct {
	dir    string // everything is below it
	base   string // the unpacked image
	bridge string
	subnet string // "10.231.77."
	hosts  []*Host
}

// Domain is what the hosts' names end in.
const Domain = "demo.analytics.svc.cluster.local"

// New makes the bridge and the keys for hosts of the given short names, which
// are started one by one.
func New(ctx context.Context, dir, base, bridge, subnet string, names []string) (*Bed, error) {
	b := &Bed{dir: dir, base: base, bridge: bridge, subnet: subnet}
	for i, name := range names {
		b.hosts = append(b.hosts, &Host{bed: b, Name: name, ip: fmt.Sprintf("%s%d", subnet, i+11)})
	}
	b.Close(ctx) // what an earlier run left
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, command := range []string{
		"ip link add " + bridge + " type bridge",
		"ip addr add " + subnet + "1/24 dev " + bridge,
		"ip link set " + bridge + " up",
	} {
		if err := sh(ctx, command); err != nil {
			return nil, err
		}
	}
	return b, b.writeKeys()
}

// Host gives a host by its short name.
func (b *Bed) Host(name string) *Host {
	for _, h := range b.hosts {
		if h.Name == name {
			return h
		}
	}
	panic("no host " + name)
}

// Start starts all hosts.
func (b *Bed) Start(ctx context.Context) error {
	for _, h := range b.hosts {
		if err := h.Start(ctx); err != nil {
			return fmt.Errorf("start %s: %w", h.Name, err)
		}
	}
	return nil
}

// Close ends every host and takes away all that New and Start made but the
// image.
func (b *Bed) Close(ctx context.Context) {
	for _, h := range b.hosts {
		h.Stop(ctx)
		_ = sh(ctx, fmt.Sprintf("ip netns pids %[3]s | xargs -r kill -9; sleep 0.2; umount %[1]s; ip link del %[2]s; ip netns del %[3]s",
			h.root(), h.veth(), h.netns()))
	}
	_ = sh(ctx, "ip link del "+b.bridge+" 2>/dev/null")
	_ = os.RemoveAll(b.dir)
}

// writeKeys makes one key for the user on all hosts and one for all hosts, known
// to each beforehand.
func (b *Bed) writeKeys() error {
	for _, name := range []string{"user", "host"} {
		public, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return err
		}
		block, err := ssh.MarshalPrivateKey(private, "")
		if err != nil {
			return err
		}
		line, err := ssh.NewPublicKey(public)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(b.dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(b.dir, name+".pub"), ssh.MarshalAuthorizedKey(line), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bed) etcHosts() string {
	lines := make([]string, 0, len(b.hosts)+2)
	lines = append(lines, "127.0.0.1 localhost", "::1 localhost")
	for _, h := range b.hosts {
		lines = append(lines, h.ip+" "+h.FQDN()+" "+h.Name)
	}
	return strings.Join(lines, "\n") + "\n"
}

func sh(ctx context.Context, command string) error {
	out, err := exec.CommandContext(ctx, "bash", "-c", command).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", command, err, out)
	}
	return nil
}
