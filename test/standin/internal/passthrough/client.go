// Package passthrough is PostgreSQL's own programs under their own names, with
// what Greenplum's would take and PostgreSQL's would not taken out.
package passthrough

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"gpk/test/standin/internal/instance"
	"gpk/test/standin/internal/utility"
)

// RealBin is where the image has PostgreSQL's programs.
const RealBin = "/usr/lib/postgresql/15/bin"

// Client becomes PostgreSQL's program of the utility's name. It connects to
// /tmp by default, and asks for no role: PostgreSQL's instances have none.
func Client(env utility.Environment) error {
	path := filepath.Join(RealBin, env.Name)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("the stand-in has no %s", env.Name)
	}
	return become(path, env.Args, ClientEnvironment(os.Environ()))
}

// ClientEnvironment gives the environment that a client of PostgreSQL needs.
func ClientEnvironment(environ []string) []string {
	var out []string
	host := false
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		switch name {
		case "PGOPTIONS":
			entry = "PGOPTIONS=" + WithoutRole(value)
		case "PGHOST":
			host = value != ""
		}
		out = append(out, entry)
	}
	if !host {
		out = append(out, "PGHOST="+socketDir(environ))
	}
	return out
}

// socketDir is /tmp. A utility connection also finds a coordinator in admin mode.
func socketDir(environ []string) string {
	port, utilityMode := 5432, false
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if n, err := strconv.Atoi(value); name == "PGPORT" && err == nil {
			port = n
		}
		utilityMode = utilityMode || name == "PGOPTIONS" && strings.Contains(value, "role=utility")
	}
	if utilityMode {
		return instance.SocketDir(port)
	}
	return "/tmp"
}

// WithoutRole takes the options that only Greenplum knows out of PGOPTIONS:
// "-c gp_role=utility" and its spellings.
func WithoutRole(options string) string {
	return strings.Join(withoutGreenplum(strings.Fields(options)), " ")
}

func become(path string, args, environ []string) error {
	return syscall.Exec(path, slices.Concat([]string{path}, args), environ)
}
