package cluster

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"gpk/test/bench/internal/kube"
	"gpk/test/bench/internal/servers"
)

// Load brings the images of tarballs into the containerd of every node.
func (i *Instance) Load(ctx context.Context, tarballs []string, stage Stage) error {
	st, err := readState(i.stateFile())
	if err != nil {
		return err
	}
	for _, tarball := range tarballs {
		err := stage("load "+filepath.Base(tarball), func() error {
			return i.loadInto(ctx, st, nodeNames(st.Nodes), tarball)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (i *Instance) loadInto(ctx context.Context, st *State, nodes []string, tarball string) error {
	failures := make([]error, len(nodes))
	var all sync.WaitGroup
	for n, node := range nodes {
		all.Go(func() { failures[n] = importImage(ctx, st.Machines[node].PID, node, tarball) })
	}
	all.Wait()
	return errors.Join(failures...)
}

// importImage uses the node's containerd through the node's own view of the
// file system, which the kernel shows below its init's process.
func importImage(ctx context.Context, init int, node, tarball string) error {
	socket := filepath.Join("/proc", strconv.Itoa(init), "root", servers.ContainerdSocket)
	ctr := func(args ...string) error {
		said, err := exec.CommandContext(ctx, "ctr", append([]string{"--address", socket, "--namespace", "k8s.io"}, args...)...).CombinedOutput()
		if err != nil {
			return fmt.Errorf("load %s into %s: %w: %s", tarball, node, err, strings.TrimSpace(string(said)))
		}
		return nil
	}
	answers := func(context.Context) error { return ctr("--timeout", "2s", "version") }
	wait, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := kube.Poll(wait, answers); err != nil {
		return err
	}
	return ctr("images", "import", tarball)
}
