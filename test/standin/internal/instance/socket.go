package instance

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// SocketFile is an instance's socket.
func SocketFile(port int) string { return fmt.Sprintf("/tmp/.s.PGSQL.%d", port) }

// LockFile is the lock of an instance's socket.
func LockFile(port int) string { return SocketFile(port) + ".lock" }

// AdminOptions are the server's options for a coordinator in admin mode, which
// takes utility connections only: it listens nowhere but in its own directory,
// where only what asks for a utility connection looks.
func AdminOptions(dir string) []string {
	return []string{"-c", "listen_addresses=", "-c", "unix_socket_directories=" + dir}
}

// SocketDir is the directory where an instance on a port of this host listens:
// /tmp, or, in admin mode, its own. Without an instance it is /tmp.
func SocketDir(port int) string {
	dirs := socketDirs(port)
	for _, dir := range dirs {
		if dir == "/tmp" {
			return dir
		}
	}
	if len(dirs) > 0 {
		return dirs[0]
	}
	return "/tmp"
}

// PortActive tells whether an instance listens on a port of this host.
func PortActive(port int) bool { return len(socketDirs(port)) > 0 }

// socketDirs asks the kernel, and not the files, which may be a dead one's.
func socketDirs(port int) []string {
	data, err := os.ReadFile("/proc/net/unix")
	if err != nil {
		return nil
	}
	return listening(string(data), port)
}

func listening(table string, port int) []string {
	var dirs []string
	name := filepath.Base(SocketFile(port))
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if path := fields[len(fields)-1]; filepath.Base(path) == name && filepath.IsAbs(path) {
			dirs = append(dirs, filepath.Dir(path))
		}
	}
	return dirs
}
