// Command speed measures gpk against what else would do the same work, and prints ratios of medians: of create against a script
// of an administrator, of applying manifests against kubectl and against a bare client, and the plan of a large cluster. It is
// no test: its numbers depend on the machine, which has to be quiet. docs/speed.md says how to read them.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"gpk/test/kube"
)

// measure is what all measurements use.
type measure struct {
	ctx context.Context
	// gpk and kubectl are paths of programs, script is the administrator's.
	gpk, kubectl, script string
	kubeconfig, image    string
	// next is the image of another release with the same catalogue version.
	next string
	// runs is how often everything is measured.
	runs int
	// rest is how long the machine rests between two clusters.
	rest time.Duration
	// kube is nil if nothing of Kubernetes is measured.
	kube *kube.Kube
	// dir is for files of the measurements, progress for what is being done.
	dir      string
	progress io.Writer
}

// part is one thing that can be measured alone.
type part struct {
	name string
	kube bool
	run  func(*measure) ([]row, error)
}

func parts() []part {
	return []part{
		{"plan", false, (*measure).plans},
		{"create", true, (*measure).creates},
		{"apply", true, (*measure).applies},
		{"upgrade", true, (*measure).upgrades},
		{"failover", true, (*measure).failovers},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "speed:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	m := &measure{ctx: ctx, progress: os.Stderr}
	flag.StringVar(&m.gpk, "gpk", "bin/gpk", "gpk's binary")
	flag.StringVar(&m.kubectl, "kubectl", "kubectl", "kubectl's binary")
	flag.StringVar(&m.script, "by-hand", "test/byhand/create.sh", "the administrator's script")
	flag.StringVar(&m.kubeconfig, "kubeconfig", os.Getenv("GPK_TEST_KUBECONFIG"), "an administrator's kubeconfig of the cluster to measure on")
	flag.StringVar(&m.image, "image", os.Getenv("GPK_TEST_IMAGE"), "the database's image, NAME:TAG")
	flag.StringVar(&m.next, "next", os.Getenv("GPK_TEST_NEXT"), "the image of another release with the same catalogue version, for upgrade")
	flag.IntVar(&m.runs, "runs", 3, "how often everything is measured")
	flag.DurationVar(&m.rest, "rest", 90*time.Second, "how long the machine rests when a cluster has gone, before the next one is made")
	only := flag.String("only", "", "measure only these, separated by commas: plan, create, apply, upgrade, failover")
	flag.Parse()
	if m.runs < 1 || flag.NArg() > 0 {
		return fmt.Errorf("-runs must be 1 or more, and there are no arguments; -h lists the flags")
	}
	if m.dir, err = os.MkdirTemp("", "gpk-speed-"); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(m.dir) }()
	for _, path := range []*string{&m.gpk, &m.script} {
		if *path, err = filepath.Abs(*path); err != nil {
			return err
		}
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	var rows []row
	for _, p := range chosen {
		if p.kube && m.kube == nil {
			if m.kube, err = kube.Connect(ctx, m.kubeconfig); err != nil {
				return fmt.Errorf("-kubeconfig: %w", err)
			}
		}
		measured, err := p.run(m)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		rows = append(rows, measured...)
	}
	fmt.Printf("%s; medians of %d runs; image %s\n%s\n", machine(), m.runs, m.image, strings.Repeat("-", 20))
	return table(os.Stdout, rows)
}

// choose is the parts with these names, all for none.
func choose(only string) ([]part, error) {
	all := parts()
	if only == "" {
		return all, nil
	}
	var chosen []part
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(all, func(p part) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("-only: there is no part %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// timed is how long something takes, in seconds.
func timed(do func() error) (float64, error) {
	began := time.Now()
	err := do()
	return time.Since(began).Seconds(), err
}

func (m *measure) say(format string, args ...any) {
	_, _ = fmt.Fprintf(m.progress, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}
