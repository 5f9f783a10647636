// Package lookup finds hosts as Greenplum's own programs do: by glibc, which heeds LOCALDOMAIN. Go's resolver does not.
package lookup

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Host gives the addresses of a host, of which there is at least one without an
// error. An address is its own.
func Host(ctx context.Context, host string) ([]string, error) {
	out, err := exec.CommandContext(ctx, "getent", "ahosts", host).Output()
	if err != nil {
		return nil, fmt.Errorf("no address of host %q: %w", host, err)
	}
	return addresses(string(out)), nil
}

// addresses are the first words of lines, each once: getent has a line for each
// kind of socket.
func addresses(out string) []string {
	var found []string
	for line := range strings.Lines(out) {
		if words := strings.Fields(line); len(words) > 1 && words[1] == "STREAM" {
			found = append(found, words[0])
		}
	}
	return found
}
