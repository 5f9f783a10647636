package segments

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
)

// RefusedHBASQL prints the lines of the coordinator's pg_hba.conf that the server refuses, as ParseRefusedHBA reads them. It
// looks at the file, not at what was loaded. A line that can only never match, such as hostssl without ssl, has an error
// as well, but its type beside it: the server takes that one. Greenplum 6 has no such view, and says nothing.
const RefusedHBASQL = `select case when to_regclass('pg_catalog.pg_hba_file_rules') is null then $$select '[]'$$ else
  $$select coalesce(json_agg(json_build_object('line', line_number, 'error', error) order by line_number), '[]')
    from pg_hba_file_rules where error is not null and type is null$$ end as question \gset
:question;
`

// RefusedLine is a line of pg_hba.conf, counted from 1, and why the server refuses it.
type RefusedLine struct {
	Line  int
	Error string
}

// ParseRefusedHBA reads the answer of RefusedHBASQL.
func ParseRefusedHBA(out string) ([]RefusedLine, error) {
	return parseJSON[[]RefusedLine](out, "the report of pg_hba_file_rules")
}

// Marks of the part of pg_hba.conf that gpk writes.
const (
	hbaBegin = "# gpk: from here to the next mark this is written from cluster.yaml"
	hbaEnd   = "# gpk: end"
)

// HBABlock is the part of the coordinator's and the standby's pg_hba.conf that gpk owns: the cluster's own pods, known by
// the domains of the cluster's Services, as the administrator, then the clients of cluster.yaml.
func HBABlock(domains, clients []string) string {
	return hbaBlock(append(trusted(Administrator, domains), clients...))
}

// SegmentHBABlock is the part of a primary's or mirror's pg_hba.conf that gpk owns: both coordinators, as any user. The
// utilities write the name of one of them there by themselves, and not everywhere. A pod's address has one name for every
// Service that selects the pod, and the server asks the DNS for one of them only: so the acting coordinator may come by its
// own name, or by one in the domain of the clients' Service.
func SegmentHBABlock(clientDomain string, coordinators []string) string {
	lines := trusted("all", []string{clientDomain})
	for _, host := range coordinators {
		lines = append(lines, "host all all "+host+" trust")
	}
	return hbaBlock(lines)
}

// trusted are lines that match every host of some domains: that is what a name that begins with a dot does.
func trusted(role string, domains []string) []string {
	var lines []string
	for _, domain := range domains {
		lines = append(lines, "host all "+role+" ."+domain+" trust")
	}
	return lines
}

func hbaBlock(lines []string) string {
	return strings.Join(append(append([]string{hbaBegin}, lines...), hbaEnd), "\n") + "\n"
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

// ReadHBA prints pg_hba.conf of a data directory.
func ReadHBA(dir string) Command { return Run("cat", dir+"/pg_hba.conf") }

// WriteHBA replaces pg_hba.conf of a data directory and makes the server read it. A change since before was read is an error.
func WriteHBA(dir, before, content string) Command {
	return Script("hba.sh", checksum(before), checksum(content), dir).reading(content)
}

// checksum is the SHA-256 in hexadecimal, as sha256sum prints it.
func checksum(content string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(content))) }
