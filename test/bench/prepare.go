//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"gpk/test/bench/internal/build"
	"gpk/test/bench/internal/cluster"
)

// prepare checks the host and has everything at hand before anything is started.
func prepare(ctx context.Context, dir string, size cluster.Size, out io.Writer) (*cluster.Instance, cluster.Parts, error) {
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
	parts, err := buildParts(ctx, cache, size.Simulated > 0 || instance.Simulates(), stages(out))
	return instance, parts, err
}

func installTools(ctx context.Context, stage cluster.Stage) error {
	packages := build.MissingPackages()
	if len(packages) == 0 {
		return nil
	}
	names := strings.Join(packages, ", ")
	if !build.CanInstall() {
		return fmt.Errorf("missing on this host: %s, and no apt-get to install them; install them and try again", names)
	}
	return stage("install "+names, func() error { return build.Install(ctx, packages) })
}

// buildParts builds what isn't built; what simulates nodes only where it is wanted.
func buildParts(ctx context.Context, cache build.Cache, simulate bool, stage cluster.Stage) (parts cluster.Parts, err error) {
	err = stage("build Kubernetes, etcd and CoreDNS", func() error {
		if parts.Servers, _, err = cache.Servers(ctx); err != nil {
			return err
		}
		_, _, err = cache.Kubectl(ctx)
		return err
	})
	if err != nil {
		return parts, err
	}
	if simulate {
		err = stage("build kwok", func() error {
			parts.Kwok, _, err = cache.Kwok(ctx)
			return err
		})
		if err != nil {
			return parts, err
		}
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
