package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/google/go-containerregistry/pkg/name"

	"gpk/test/standin/internal/release"
)

type builder struct {
	cache string
	log   io.Writer
	flavour
}

func (b builder) build(ctx context.Context, releases []release.Release, out, rootfs string) error {
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return err
	}
	base, err := b.base(ctx)
	if err != nil {
		return err
	}
	under := []string{base}
	if b.user != ordinary {
		account, err := b.account(ctx, base)
		if err != nil {
			return err
		}
		under = append(under, account)
	}
	program, err := b.program(ctx)
	if err != nil {
		return err
	}
	under = append(under, program)
	for _, r := range releases {
		start := time.Now()
		top, err := b.release(r)
		if err != nil {
			return err
		}
		layers := append(slices.Clone(under), top)
		for _, layer := range layers {
			if rootfs == "" {
				break
			}
			if err := unpack(ctx, layer, rootfs); err != nil {
				return err
			}
		}
		file := strings.ReplaceAll(out, "VERSION", r.Version)
		if file != "" {
			if err := b.write(r, file, layers...); err != nil {
				return err
			}
		}
		_, _ = fmt.Fprintf(b.log, "stand-in %s: %s%s in %.1f s\n", r.Version, file, rootfs, time.Since(start).Seconds())
		rootfs = ""
	}
	return nil
}

// write puts the layers into one tarball. The time in it is fixed, so that
// equal content is an equal image.
func (b builder) write(r release.Release, out string, layers ...string) error {
	img := empty.Image
	for _, path := range layers {
		layer, err := tarball.LayerFromFile(path)
		if err != nil {
			return fmt.Errorf("read layer %s: %w", path, err)
		}
		if img, err = mutate.AppendLayers(img, layer); err != nil {
			return err
		}
	}
	img, err := mutate.ConfigFile(img, b.config(r, img))
	if err != nil {
		return err
	}
	tag, err := name.NewTag(b.repository + ":" + r.Version)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	partial := out + ".partial"
	if err := tarball.WriteToFile(partial, tag, img); err != nil {
		return fmt.Errorf("write %s: %w", out, err)
	}
	return os.Rename(partial, out)
}

// environ is the image's environment.
func (b builder) environ() []string {
	variables := map[string]string{
		"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/home/gpadmin", "LANG": "en_US.UTF-8",
	}
	maps.Copy(variables, b.variables)
	var environ []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		environ = append(environ, name+"="+variables[name])
	}
	return environ
}

func (b builder) config(r release.Release, img v1.Image) *v1.ConfigFile {
	cfg, err := img.ConfigFile()
	if err != nil {
		cfg = &v1.ConfigFile{}
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture = "linux", "amd64"
	cfg.Created = v1.Time{Time: epoch()}
	cfg.Config = v1.Config{
		User:       fmt.Sprintf("%d:%d", b.user, b.user),
		WorkingDir: "/home/gpadmin",
		Env:        b.environ(),
		Cmd:        []string{"/bin/bash"},
		Labels: map[string]string{
			"org.opencontainers.image.title": "gpk stand-in",
			"org.opencontainers.image.description": "A stand-in for Greenplum, made of PostgreSQL, for gpk's own tests. " +
				"It is not Greenplum and ships to nobody.",
			"org.opencontainers.image.version": r.Version,
			"gpk.local/standin":                "true",
			"gpk.local/catalogue-version":      r.Catalogue,
		},
	}
	return cfg
}
