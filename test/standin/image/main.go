// Command image builds the stand-in's container images without any container
// engine: a Debian root file system by debootstrap, the stand-in's binary over
// it, the release over that, and a tarball that containerd imports. Images of
// several releases differ in the last layer only.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	os.Exit(status(os.Args[1:]))
}

func status(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := build(ctx, args); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "image: %v\n", err)
		return 1
	}
	return 0
}

func build(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	kind := flags.String("flavour", "greenplum", "the distribution whose layout the images have: greenplum, cloudberry or whpg")
	versions := flags.String("version", "", "releases that images play, between commas (default: the flavour's first)")
	number := flags.String("catalogue", "", "their catalogue version (default: the flavour's)")
	out := flags.String("out", "", "tarball to write; VERSION in it stands for the release")
	rootfs := flags.String("rootfs", "", "also unpack the first image into this directory, for tests without containers")
	repository := flags.String("name", "", "the images' name, without its tag (default: the flavour's)")
	user := flags.Int("user", 0, "the number of gpadmin and of its group (default: the flavour's)")
	cache := flags.String("cache", "", "directory for what can be used again (default: the user's cache)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" && *rootfs == "" {
		return fmt.Errorf("nothing to do: give --out FILE.tar or --rootfs DIR")
	}
	f, err := flavourOf(*kind)
	if err != nil {
		return err
	}
	f.repository, f.user = cmp.Or(*repository, f.repository), cmp.Or(*user, f.user)
	releases, err := f.releases(*versions, *number)
	if err != nil {
		return err
	}
	if len(releases) > 1 && *out != "" && !strings.Contains(*out, "VERSION") {
		return fmt.Errorf("several images need several files: put VERSION into --out %s", *out)
	}
	if *cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return fmt.Errorf("no cache directory, give --cache DIR: %w", err)
		}
		*cache = filepath.Join(dir, "gpk-standin")
	}
	b := builder{cache: *cache, log: os.Stderr, flavour: f}
	return b.build(ctx, releases, *out, *rootfs)
}
