//go:build linux

package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// neededDisk is room for the compiled packages, images and volumes of a small bench.
const neededDisk = 6 << 30

// checkRoot takes the user's id.
func checkRoot(uid int) error {
	if uid != 0 {
		return errors.New("the bench needs root, for namespaces, mounts and control groups; try again with sudo")
	}
	return nil
}

// checkDisk looks at the file system that dir is or will be on.
func checkDisk(dir string) error {
	for !isDir(dir) {
		dir = filepath.Dir(dir)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return fmt.Errorf("look at the disk of %s: %w", dir, err)
	}
	return enoughDisk(dir, fs.Bavail*uint64(fs.Bsize))
}

func enoughDisk(dir string, free uint64) error {
	if free >= neededDisk {
		return nil
	}
	return fmt.Errorf("the disk of %s has %.1f GiB left and the bench needs %d; make room and try again",
		dir, float64(free)/(1<<30), neededDisk>>30)
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return (err == nil && info.IsDir()) || path == filepath.Dir(path)
}
