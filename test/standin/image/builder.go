package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/google/go-containerregistry/pkg/name"
)

type builder struct {
	cache     string
	version   string
	catalogue string
	log       io.Writer
}

func (b builder) build(ctx context.Context, out, rootfs string) error {
	start := time.Now()
	if err := os.MkdirAll(b.cache, 0o755); err != nil {
		return err
	}
	base, err := b.base(ctx)
	if err != nil {
		return err
	}
	top, err := b.top(ctx)
	if err != nil {
		return err
	}
	if rootfs != "" {
		for _, layer := range []string{base, top} {
			if err := unpack(ctx, layer, rootfs); err != nil {
				return err
			}
		}
	}
	if out != "" {
		if err := b.write(out, base, top); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(b.log, "stand-in %s: %s%s in %.1f s\n", b.version, out, rootfs, time.Since(start).Seconds())
	return nil
}

// write puts the layers into one tarball. The time in it is fixed, so that
// equal content is an equal image.
func (b builder) write(out string, layers ...string) error {
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
	img, err := mutate.ConfigFile(img, b.config(img))
	if err != nil {
		return err
	}
	tag, err := name.NewTag("gpk.local/standin:" + b.version)
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

func (b builder) config(img v1.Image) *v1.ConfigFile {
	cfg, err := img.ConfigFile()
	if err != nil {
		cfg = &v1.ConfigFile{}
	}
	cfg = cfg.DeepCopy()
	cfg.OS, cfg.Architecture = "linux", "amd64"
	cfg.Created = v1.Time{Time: epoch()}
	cfg.Config = v1.Config{
		User:       "1000:1000",
		WorkingDir: "/home/gpadmin",
		Env: []string{
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			"HOME=/home/gpadmin", "LANG=en_US.UTF-8",
		},
		Cmd: []string{"/bin/bash"},
		Labels: map[string]string{
			"org.opencontainers.image.title": "gpk stand-in",
			"org.opencontainers.image.description": "A stand-in for Greenplum, made of PostgreSQL, for gpk's own tests. " +
				"It is not Greenplum and ships to nobody.",
			"org.opencontainers.image.version": b.version,
			"gpk.local/standin":                "true",
			"gpk.local/catalogue-version":      b.catalogue,
		},
	}
	return cfg
}
