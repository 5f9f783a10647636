package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"gpk/test/kube"
)

// primaries is the shape of the clusters that are made: as many mirrors, a coordinator and a standby.
const primaries = 4

// question is the first one that a new database is asked: every primary has to answer it.
const question = "select count(*) from gp_dist_random('gp_id')"

// clusterFile is a cluster.yaml with what the manifests of the administrator's script ask for.
func clusterFile(namespace, image string, segments int) string {
	name := image[strings.LastIndex(image, "/")+1:]
	_, version, tagged := strings.Cut(name, ":")
	if !tagged {
		image, version = "gpk.local/measured:7.1.0", "7.1.0"
	}
	return fmt.Sprintf(`apiVersion: gpk/v1alpha1
kind: GreenplumCluster
metadata: {name: demo, namespace: %s}
spec:
  version: %q
  image: %s
  coordinator:
    resources: {requests: {cpu: 20m, memory: 256Mi}}
    storage: {size: 1Gi}
  segments:
    count: %d
    resources: {requests: {cpu: 20m, memory: 256Mi}}
    storage: {size: 1Gi}
`, namespace, version, image, segments)
}

// creates measures, in turns, gpk and the administrator's script from nothing to the first answer, and gpk once more on the
// cluster that is there then.
func (m *measure) creates() ([]row, error) {
	var again []float64
	ours, byHand, err := m.inTurns(func(n *kube.Namespace) ([]float64, error) {
		first, second, err := m.createWithGpk(n)
		again = append(again, second...)
		return []float64{first}, err
	}, m.createByHand)
	if err != nil {
		return nil, err
	}
	shape := fmt.Sprintf("create of %[1]d + %[1]d + standby, to the first answer", primaries)
	return []row{
		{what: shape, ours: ours, unit: "s", against: "by hand", theirs: byHand, wanted: bound{value: 0.5}},
		{what: "create on the finished cluster", ours: again, unit: "s", wanted: bound{value: 1}},
	}, nil
}

// inTurns does both as often as everything is measured, each in a namespace of its own, and gives the seconds that they
// tell. Who comes first takes turns as well. Between two of them the machine rests: for a minute after the thousands of files of
// a cluster have been removed, and for six where that was not yet written to the disk, ext4 looks at each of their inodes, and
// passes it over, for every new file (recently_deleted in Linux's fs/ext4/ialloc.c).
func (m *measure) inTurns(ours, theirs func(*kube.Namespace) ([]float64, error)) (first, second []float64, err error) {
	ways := []func(*kube.Namespace) ([]float64, error){ours, theirs}
	told := make([][]float64, len(ways))
	for i := range m.runs {
		for j := range ways {
			way := (i + j) % len(ways)
			if i+j > 0 {
				syscall.Sync()
				select {
				case <-time.After(m.rest):
				case <-m.ctx.Done():
				}
			}
			err := m.inNamespace(func(n *kube.Namespace) error {
				seconds, err := ways[way](n)
				told[way] = append(told[way], seconds...)
				return err
			})
			if err != nil {
				return nil, nil, err
			}
		}
	}
	return told[0], told[1], nil
}

// file writes the cluster.yaml of a namespace, and gives its path.
func (m *measure) file(n *kube.Namespace) (string, error) {
	path := filepath.Join(m.dir, "cluster.yaml")
	return path, os.WriteFile(path, []byte(clusterFile(n.Name, m.image, primaries)), 0o600)
}

// byHand runs a script that lies beside the administrator's.
func (m *measure) byHand(script string, args ...string) (string, error) {
	return m.output(filepath.Join(filepath.Dir(m.script), script), args...)
}

// inNamespace does something in a namespace of its own and waits until it is gone, so that nothing of it is left to do while
// the next is measured.
func (m *measure) inNamespace(do func(*kube.Namespace) error) (err error) {
	n, err := m.kube.NewNamespace(m.ctx, "speed-")
	if n != nil {
		defer func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(m.ctx), 5*time.Minute)
			defer cancel()
			err = errors.Join(err, n.Remove(ctx))
		}()
	}
	if err != nil {
		return err
	}
	return do(n)
}

func (m *measure) createWithGpk(n *kube.Namespace) (first float64, again []float64, err error) {
	file, err := m.file(n)
	if err != nil {
		return 0, nil, err
	}
	first, err = timed(func() error {
		if _, err := m.output(m.gpk, "create", "-f", file); err != nil {
			return err
		}
		answer, err := m.output(m.gpk, "psql", "-n", n.Name, "-d", "postgres", "--", "-XAtc", question)
		return errors.Join(err, wantAnswer(answer))
	})
	if err != nil {
		return 0, nil, err
	}
	m.say("create with gpk: %.1f s", first)
	for range 3 {
		seconds, err := timed(func() error {
			_, err := m.output(m.gpk, "create", "-f", file)
			return err
		})
		if err != nil {
			return 0, nil, err
		}
		m.say("create again: %.2f s", seconds)
		again = append(again, seconds)
	}
	return first, again, nil
}

func (m *measure) createByHand(n *kube.Namespace) ([]float64, error) {
	seconds, err := timed(func() error {
		answer, err := m.output(m.script, n.Name, m.image, fmt.Sprint(primaries))
		return errors.Join(err, wantAnswer(answer))
	})
	if err == nil {
		m.say("create by hand: %.1f s", seconds)
	}
	return []float64{seconds}, err
}

// wantAnswer wants the last line of an output to be the answer to the question.
func wantAnswer(output string) error {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if last := lines[len(lines)-1]; last != fmt.Sprint(primaries) {
		return fmt.Errorf("the database answers %q instead of %d", last, primaries)
	}
	return nil
}

// output runs a program to its end and gives what it printed. Its progress is shown, and all that it said if it fails.
func (m *measure) output(program string, args ...string) (string, error) {
	command := exec.CommandContext(m.ctx, program, args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+m.kubeconfig, "KUBECTL="+m.kubectl)
	var said, errs strings.Builder
	command.Stdout, command.Stderr = &said, &errs
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w\n%s%s", filepath.Base(program), strings.Join(args, " "), err, said.String(), errs.String())
	}
	_, _ = fmt.Fprint(m.progress, errs.String())
	return said.String(), nil
}
