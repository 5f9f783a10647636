package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// layerForm changes when pack does, so that old layers are not used again.
const layerForm = "3"

// epoch is the time of every file: two builds are the same.
func epoch() time.Time { return time.Unix(1700000000, 0) }

// pack writes a tree into a layer: owners and modes as they are, no devices, no
// sockets and no extended attributes (a file capability on ping would forbid it
// to a process that has none). Of a path in empty only the directory remains;
// of a file, nothing.
func pack(root, layer string, drop []string) error {
	partial := layer + ".partial"
	f, err := os.Create(partial)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(f, 1<<20)
	zipped, err := gzip.NewWriterLevel(buffered, gzip.BestSpeed)
	if err != nil {
		return err
	}
	w := &layerWriter{tar: tar.NewWriter(zipped), root: root, drop: drop, links: map[uint64]string{}}
	err = filepath.WalkDir(root, w.add)
	for _, end := range []func() error{w.tar.Close, zipped.Close, buffered.Flush, f.Close} {
		if closeErr := end(); err == nil {
			err = closeErr
		}
	}
	if err != nil {
		return fmt.Errorf("pack %s: %w", layer, err)
	}
	return os.Rename(partial, layer)
}

type layerWriter struct {
	tar   *tar.Writer
	root  string
	drop  []string
	links map[uint64]string
}

func (w *layerWriter) add(path string, entry fs.DirEntry, err error) error {
	if err != nil {
		return err
	}
	rel, err := filepath.Rel(w.root, path)
	if err != nil || rel == "." {
		return err
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	var skip error
	for _, d := range w.drop {
		if rel == d {
			if !info.IsDir() {
				return nil
			}
			skip = fs.SkipDir
		}
	}
	if info.Mode()&(fs.ModeDevice|fs.ModeSocket|fs.ModeNamedPipe) != 0 {
		return skip
	}
	if err := w.write(path, rel, info); err != nil {
		return err
	}
	return skip
}

func (w *layerWriter) write(path, rel string, info fs.FileInfo) error {
	target := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		link, err := os.Readlink(path)
		if err != nil {
			return err
		}
		target = link
	}
	header, err := tar.FileInfoHeader(info, target)
	if err != nil {
		return err
	}
	header.Name, header.Format = rel, tar.FormatPAX
	if info.IsDir() {
		header.Name += "/"
	}
	header.ModTime, header.AccessTime, header.ChangeTime = epoch(), time.Time{}, time.Time{}
	header.Uname, header.Gname = "", ""
	if stat, ok := info.Sys().(*syscall.Stat_t); ok && info.Mode().IsRegular() && stat.Nlink > 1 {
		if first, seen := w.links[stat.Ino]; seen {
			header.Typeflag, header.Linkname, header.Size = tar.TypeLink, first, 0
		} else {
			w.links[stat.Ino] = rel
		}
	}
	if err := w.tar.WriteHeader(header); err != nil {
		return err
	}
	if header.Typeflag != tar.TypeReg {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = io.Copy(w.tar, f)
	return err
}

// unpack lays a layer over a directory, by tar, which knows owners and links.
func unpack(ctx context.Context, layer, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	out, err := exec.CommandContext(ctx, "tar", "-xzpf", layer, "--numeric-owner", "-C", dir).CombinedOutput()
	if err != nil {
		return fmt.Errorf("unpack %s: %w: %s", layer, err, strings.TrimSpace(string(out)))
	}
	return nil
}
