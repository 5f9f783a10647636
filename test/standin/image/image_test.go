package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"gpk/test/standin/internal/release"
	"gpk/test/standin/internal/roster"
)

func TestAptMirror(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"deb822": {"sources.list.d/debian.sources",
			"Types: deb\n# comment: x\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\nComponents: main\n\nTypes: deb\nURIs: http://mirror.test/security\nSuites: bookworm-security\nComponents: main\n",
			"http://mirror.test/debian"},
		"one line":     {"sources.list", "# deb http://no.test/debian bookworm main\ndeb [arch=amd64 signed-by=/k] http://mirror.test/debian bookworm main contrib\n", "http://mirror.test/debian"},
		"sources only": {"sources.list", "deb-src http://mirror.test/debian bookworm main\n", ""},
		"other suite":  {"sources.list", "deb http://mirror.test/debian trixie main\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, c.file)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			if got, err := aptMirror(dir, "bookworm"); got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestPackIsRepeatableAndDropsWhatItShould(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{"etc/keep": "a", "var/log/boot": "b", "etc/ssh/key": "c"} {
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Link(filepath.Join(root, "etc/keep"), filepath.Join(root, "etc/twin")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("keep", filepath.Join(root, "etc/link")); err != nil {
		t.Fatal(err)
	}
	var packed [2][]byte
	for i := range packed {
		layer := filepath.Join(t.TempDir(), "layer.tar.gz")
		if err := pack(root, layer, []string{"var/log", "etc/ssh/key"}); err != nil {
			t.Fatal(err)
		}
		packed[i], _ = os.ReadFile(layer)
		if i == 0 {
			checkUnpacked(t, layer)
		}
		if err := os.Chtimes(filepath.Join(root, "etc/keep"), epoch(), epoch()); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(packed[0], packed[1]) {
		t.Error("the same tree made two different layers")
	}
}

func checkUnpacked(t *testing.T, layer string) {
	t.Helper()
	dir := t.TempDir()
	if err := unpack(context.Background(), layer, dir); err != nil {
		t.Fatal(err)
	}
	for path, there := range map[string]bool{"etc/keep": true, "etc/twin": true, "var/log": true, "var/log/boot": false, "etc/ssh": true, "etc/ssh/key": false} {
		if _, err := os.Lstat(filepath.Join(dir, path)); (err == nil) != there {
			t.Errorf("%s: %v", path, err)
		}
	}
	if target, err := os.Readlink(filepath.Join(dir, "etc/link")); err != nil || target != "keep" {
		t.Errorf("link to %q, %v", target, err)
	}
	if info, err := os.Stat(filepath.Join(dir, "etc/keep")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestLayOutNamesEveryProgram(t *testing.T) {
	root := t.TempDir()
	binary := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(binary, []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	f := flavours()["greenplum"]
	r := release.Release{Version: "7.2.0", Catalogue: "5", Product: f.product}
	if err := errors.Join(layOut(root, binary, f), layOutRelease(root, r, f)); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(root, f.home)
	for _, name := range roster.Names() {
		if target, err := os.Readlink(filepath.Join(home, "bin", name)); err != nil || target != "standin" {
			t.Errorf("%s is a link to %q, %v", name, target, err)
		}
	}
	if got, err := release.Load(home); err != nil || got != r {
		t.Errorf("release %+v, %v", got, err)
	}
	if !slices.IsSorted(roster.Names()) {
		t.Error("names are not sorted")
	}
}

func TestRenumber(t *testing.T) {
	root := t.TempDir()
	for path, text := range map[string]string{
		"etc/passwd":            "root:x:0:0::/root:/bin/sh\ngpadmin:x:1000:1000::/home/gpadmin:/bin/bash\n",
		"etc/group":             "root:x:0:\ngpadmin:x:1000:\n",
		"home/gpadmin/.profile": "",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755), os.WriteFile(filepath.Join(root, path), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := renumber(root, 1001); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\ngpadmin:x:1001:1001::/home/gpadmin:/bin/bash\n",
		"etc/group":  "root:x:0:\ngpadmin:x:1001:\n",
	} {
		if got, err := os.ReadFile(filepath.Join(root, path)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", path, got, err)
		}
	}
	if err := renumber(root, 1002); err == nil {
		t.Error("a base without the user is taken for one")
	}
}
