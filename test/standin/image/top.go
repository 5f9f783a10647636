package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"gpk/test/standin/internal/release"
	"gpk/test/standin/internal/roster"
)

// program gives the layer with the stand-in itself: its binary by every name,
// and its environment.
func (b builder) program(ctx context.Context) (string, error) {
	work, err := os.MkdirTemp(b.cache, "top-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(work) }()
	binary := filepath.Join(work, "standin")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "gpk/test/standin/cmd/standin")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the stand-in, from its module's directory: %w\n%s", err, out)
	}
	key, err := contentKey(binary, b.home, b.script, b.environment(), strings.Join(roster.Names(), " "), layerForm, fmt.Sprint(b.owner()))
	if err != nil {
		return "", err
	}
	return b.layer("top-"+key, func(root string) error { return layOut(root, binary, b.flavour) })
}

// release gives the layer that says which release is played.
func (b builder) release(r release.Release) (string, error) {
	key := textKey(r.Text(), b.home, layerForm, fmt.Sprint(b.owner()))
	return b.layer("release-"+r.Version+"-"+key, func(root string) error { return layOutRelease(root, r, b.flavour) })
}

// layer gives a layer from the cache, or makes it.
func (b builder) layer(name string, layOut func(root string) error) (string, error) {
	layer := filepath.Join(b.cache, name+".tar.gz")
	if _, err := os.Stat(layer); err == nil {
		return layer, nil
	}
	root, err := os.MkdirTemp(b.cache, "root-")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(root) }()
	if err := layOut(root); err != nil {
		return "", err
	}
	return layer, pack(root, layer, nil)
}

func textKey(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return hex.EncodeToString(sum[:8])
}

func contentKey(file string, texts ...string) (string, error) {
	h := sha256.New()
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	for _, t := range texts {
		_, _ = io.WriteString(h, "\x00"+t)
	}
	return hex.EncodeToString(h.Sum(nil)[:8]), nil
}

// layOut makes the tree. GPHOME is the user's own, as where Greenplum is
// installed by its user: its utilities write there. Packages leave it to root.
func layOut(root, binary string, f flavour) error {
	home := filepath.Join(root, f.home)
	for _, dir := range []string{"bin", "etc", "lib", "docs", "libexec"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o755); err != nil {
			return err
		}
	}
	if err := os.Rename(binary, filepath.Join(home, "bin", "standin")); err != nil {
		return err
	}
	for _, n := range roster.Names() {
		if err := os.Symlink("standin", filepath.Join(home, "bin", n)); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(home, f.script), []byte(f.environment()), 0o644); err != nil {
		return err
	}
	return chownTree(home, f.owner())
}

// layOutRelease makes the tree of the file that names the release.
func layOutRelease(root string, r release.Release, f flavour) error {
	home := filepath.Join(root, f.home)
	if err := os.MkdirAll(filepath.Join(home, filepath.Dir(release.File)), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(home, release.File), []byte(r.Text()), 0o644); err != nil {
		return err
	}
	return chownTree(home, f.owner())
}

// chownTree gives a tree to a user, where this process may.
func chownTree(root string, id int) error {
	if os.Geteuid() != 0 {
		return nil
	}
	tree, err := os.OpenRoot(root)
	if err != nil {
		return err
	}
	defer func() { _ = tree.Close() }()
	return fs.WalkDir(tree.FS(), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return tree.Lchown(path, id, id)
	})
}
