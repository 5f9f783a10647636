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

	"gpk/test/standin/internal/release"
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

// catalogues gives the catalogue version of the releases that the stand-in
// plays: the first two can be swapped under the same data, the third cannot.
func catalogues() map[string]string {
	return map[string]string{"7.1.0": "302399001", "7.2.0": "302399001", "8.0.0": "302399002"}
}

func build(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("image", flag.ContinueOnError)
	versions := flags.String("version", "7.1.0", "releases that images play, between commas")
	catalogue := flags.String("catalogue", "", "their catalogue version (default: known for 7.1.0, 7.2.0 and 8.0.0)")
	out := flags.String("out", "", "tarball to write; VERSION in it stands for the release")
	rootfs := flags.String("rootfs", "", "also unpack the first image into this directory, for tests without containers")
	repository := flags.String("name", "gpk.local/standin", "the images' name, without its tag")
	user := flags.Int("user", ordinary, "the number of gpadmin and of its group")
	cache := flags.String("cache", "", "directory for what can be used again (default: the user's cache)")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *out == "" && *rootfs == "" {
		return fmt.Errorf("nothing to do: give --out FILE.tar or --rootfs DIR")
	}
	releases, err := releasesOf(*versions, *catalogue)
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
	b := builder{cache: *cache, log: os.Stderr, repository: *repository, user: *user}
	return b.build(ctx, releases, *out, *rootfs)
}

func releasesOf(versions, catalogue string) ([]release.Release, error) {
	var releases []release.Release
	for _, version := range strings.Split(versions, ",") {
		r := release.Release{Version: version, Catalogue: cmp.Or(catalogue, catalogues()[version])}
		if r.Catalogue == "" {
			return nil, fmt.Errorf("no catalogue version is known for %s: give --catalogue", version)
		}
		releases = append(releases, r)
	}
	return releases, nil
}
