//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"gpk/test/bench/internal/build"
	"gpk/test/bench/internal/cluster"
)

func upCommand(dir *string) *cobra.Command {
	var nodes int
	cmd := &cobra.Command{
		Use: "up", Short: "Start the bench, building what is missing; what runs already is left alone", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			begin, out := time.Now(), cmd.OutOrStdout()
			instance, parts, err := prepare(cmd.Context(), *dir, out)
			if err != nil {
				return err
			}
			if err := instance.Up(cmd.Context(), nodes, parts, stages(out)); err != nil {
				return err
			}
			fmt.Fprintf(out, "bench is up (%s)\n  export KUBECONFIG=%s\n", seconds(begin), instance.Kubeconfig()) //nolint:errcheck // as below
			return nil
		},
	}
	cmd.Flags().IntVar(&nodes, "nodes", 0, fmt.Sprintf("nodes to have (default: as many as there are, else %d)", cluster.DefaultNodes))
	return cmd
}

func buildCommand() *cobra.Command {
	return &cobra.Command{
		Use: "build", Short: "Build and (as root) install what a bench runs, and start nothing", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cache, err := findCache()
			if err != nil {
				return err
			}
			if err := checkDisk(cache.Dir); err != nil {
				return err
			}
			if checkRoot(os.Geteuid()) == nil {
				if err := installTools(cmd.Context(), stages(cmd.OutOrStdout())); err != nil {
					return err
				}
			}
			_, err = buildParts(cmd.Context(), cache, stages(cmd.OutOrStdout()))
			return err
		},
	}
}

func downCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "down", Short: "Stop the bench and remove everything in it, volumes too", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := checkRoot(os.Geteuid()); err != nil {
				return err
			}
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			return instance.Down(cmd.Context(), stages(cmd.OutOrStdout()))
		},
	}
}

func statusCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show the bench's machines; exit 1 unless all is well", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			status, err := instance.Status(cmd.Context())
			if err != nil {
				return err
			}
			printStatus(cmd.OutOrStdout(), status)
			if !status.Up {
				return errors.New("the bench is not up, or not whole; `make bench-up` makes it so")
			}
			return nil
		},
	}
}

func kubeconfigCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "kubeconfig", Short: "Print the path of the administrator's kubeconfig", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			if _, err := os.Stat(instance.Kubeconfig()); err != nil {
				return errors.New("the bench is not up; `make bench-up` starts it")
			}
			fmt.Fprintln(cmd.OutOrStdout(), instance.Kubeconfig()) //nolint:errcheck // as below
			return nil
		},
	}
}

func loadCommand(dir *string) *cobra.Command {
	return &cobra.Command{
		Use: "load IMAGE.tar...", Short: "Bring images into every node's containerd", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkRoot(os.Geteuid()); err != nil {
				return err
			}
			for _, path := range args {
				if _, err := os.Stat(path); err != nil {
					return fmt.Errorf("no such image: %w", err)
				}
			}
			instance, err := open(*dir)
			if err != nil {
				return err
			}
			return instance.Load(cmd.Context(), args, stages(cmd.OutOrStdout()))
		},
	}
}

// prepare checks the host and has everything at hand before anything is started.
func prepare(ctx context.Context, dir string, out io.Writer) (*cluster.Instance, cluster.Parts, error) {
	cache, err := findCache()
	if err != nil {
		return nil, cluster.Parts{}, err
	}
	if err := checkRoot(os.Geteuid()); err != nil {
		return nil, cluster.Parts{}, err
	}
	instance, err := open(dir)
	if err != nil {
		return nil, cluster.Parts{}, err
	}
	for _, dir := range []string{cache.Dir, instance.Dir()} {
		if err := checkDisk(dir); err != nil {
			return nil, cluster.Parts{}, err
		}
	}
	if err := installTools(ctx, stages(out)); err != nil {
		return nil, cluster.Parts{}, err
	}
	parts, err := buildParts(ctx, cache, stages(out))
	return instance, parts, err
}

func installTools(ctx context.Context, stage cluster.Stage) error {
	packages := build.MissingPackages()
	if len(packages) == 0 {
		return nil
	}
	if !build.CanInstall() {
		return fmt.Errorf("missing on this host: %v, and no apt-get to install them; install them and try again", packages)
	}
	return stage(fmt.Sprintf("install %v", packages), func() error { return build.Install(ctx, packages) })
}

func buildParts(ctx context.Context, cache build.Cache, stage cluster.Stage) (parts cluster.Parts, err error) {
	err = stage("build Kubernetes, etcd and CoreDNS", func() error {
		parts.Servers, _, err = cache.Servers(ctx)
		return err
	})
	if err != nil {
		return parts, err
	}
	err = stage("build pause image", func() error {
		parts.Pause, _, err = cache.Pause(ctx)
		return err
	})
	return parts, err
}

func open(dir string) (*cluster.Instance, error) {
	if dir == "" {
		cache, err := findCache()
		if err != nil {
			return nil, err
		}
		dir = cache.Dir
	}
	return cluster.Open(dir)
}

// findCache finds the project around this binary, else around the working
// folder: it is where test/bench lies.
func findCache() (build.Cache, error) {
	var starts []string
	if exe, err := os.Executable(); err == nil {
		starts = append(starts, filepath.Dir(exe))
	}
	if wd, err := os.Getwd(); err == nil {
		starts = append(starts, wd)
	}
	for _, start := range starts {
		for dir := start; ; dir = filepath.Dir(dir) {
			source := filepath.Join(dir, "test", "bench")
			if _, err := os.Stat(filepath.Join(source, "components", "go.mod")); err == nil {
				return build.Cache{Dir: filepath.Join(dir, ".bench"), Source: source}, nil
			}
			if dir == filepath.Dir(dir) {
				break
			}
		}
	}
	return build.Cache{}, errors.New("can't find the project: run bench from within it")
}
