package segments

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/topology"
)

// Administrator is the database's owner, and the user that its processes run as.
const Administrator = "gpadmin"

// DropPasswordSQL takes the administrator's password away. gpinitsystem sets one that is the same in all the world.
const DropPasswordSQL = "alter role " + Administrator + " password null;\n"

// Marks of the part of pg_hba.conf that gpk writes.
const (
	hbaBegin = "# gpk: from here to the next mark this is written from cluster.yaml"
	hbaEnd   = "# gpk: end"
)

// HBABlock is the part of pg_hba.conf that gpk owns: the cluster's own pods as the administrator, then the clients of
// cluster.yaml. A name that begins with a dot matches every host of that domain.
func HBABlock(podDomain string, clients []string) string {
	lines := append([]string{hbaBegin, "host all " + Administrator + " ." + podDomain + " trust"}, clients...)
	return strings.Join(append(lines, hbaEnd), "\n") + "\n"
}

// ReplaceHBA puts the block in the place of an earlier one, or at the end. Every other line is kept. So are the lines after a
// first mark whose second one somebody has removed, since nobody knows any more whose they are.
func ReplaceHBA(current, block string) string {
	place := -1
	var kept []string
	lines := strings.SplitAfter(current, "\n")
	for i := 0; i < len(lines); i++ {
		if strings.TrimSpace(lines[i]) != hbaBegin {
			kept = append(kept, lines[i])
			continue
		}
		if place < 0 {
			place = len(kept)
		}
		next := slices.IndexFunc(lines[i+1:], isHBAMark)
		if next >= 0 && strings.TrimSpace(lines[i+1+next]) == hbaEnd {
			i += 1 + next
		}
	}
	if place >= 0 {
		return strings.Join(slices.Insert(kept, place, block), "")
	}
	if current != "" && !strings.HasSuffix(current, "\n") {
		current += "\n"
	}
	return current + block
}

func isHBAMark(line string) bool {
	line = strings.TrimSpace(line)
	return line == hbaBegin || line == hbaEnd
}

// DatabaseExistsSQL prints t if the database exists.
func DatabaseExistsSQL(name string) string {
	return "select exists (select from pg_database where datname = " + literal(name) + ");\n"
}

// CreateDatabaseSQL makes a database.
func CreateDatabaseSQL(name string) string {
	return "create database " + identifier(name) + ";\n"
}

// literal and identifier quote a value for SQL with standard_conforming_strings on, the default since PostgreSQL 9.1.
func literal(s string) string    { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
func identifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// ReadHBA prints the coordinator's pg_hba.conf, and WriteHBA replaces it and makes the server read it. sum is the SHA-256
// of what was read, in hexadecimal: a change by somebody else in between is an error and not lost.
func ReadHBA() Command { return run("cat", topology.CoordinatorDir+"/pg_hba.conf") }

// WriteHBA is the other half of ReadHBA.
func WriteHBA(sum, content string) Command {
	command := Script("hba.sh", sum, fmt.Sprintf("%x", sha256.Sum256([]byte(content))))
	command.Stdin = content
	return command
}
