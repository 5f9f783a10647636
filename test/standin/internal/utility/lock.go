package utility

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"gpk/test/standin/internal/console"
	"gpk/test/standin/internal/instance"
)

// Lock takes a lock, a directory with the holder's pid in it as the originals
// have. When another holds it, Lock says so and gives its pid. One whose holder
// has died is free.
func (u *Utility) Lock(path string) (unlock func(), holder int) {
	file := filepath.Join(path, "PID")
	if data, err := os.ReadFile(file); err == nil {
		pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
		if err == nil && pid != os.Getpid() && instance.Alive(pid) {
			u.Log.Print(console.Error, "Lockfile %s indicates that an instance of %s is already running with PID %d", path, u.Name, pid)
			u.Log.Print(console.Error, "If this is not the case, remove the lockfile directory at %s", path)
			return nil, pid
		}
	}
	if err := os.Mkdir(path, 0o700); err == nil || errors.Is(err, fs.ErrExist) {
		_ = os.WriteFile(file, []byte(strconv.Itoa(os.Getpid())), 0o600)
	}
	return func() { _ = os.RemoveAll(path) }, 0
}
