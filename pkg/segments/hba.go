package segments

import (
	"fmt"
	"strconv"
	"strings"
)

// RefusedHBASQL prints the lines of the coordinator's pg_hba.conf that the server refuses, as ParseRefusedHBA reads them. It
// looks at the file, not at what was loaded. A line that can only never match, such as hostssl without ssl, has an error
// as well, but its type beside it: the server takes that one. Greenplum 6 has no such view, and the answer is empty: see HBAWritten.
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

// HBA is the whole of an instance's pg_hba.conf: the administrator by the pod's own socket, and from anywhere by the certificate that
// only the cluster's pods have, then the lines of clients, which only the coordinator and the standby get. Neither a name nor an address
// of a pod is in it: both belong to others sooner or later. Greenplum's internal protocol, by which the coordinator reaches the segments
// for its sessions, does not ask a segment's pg_hba.conf (auth.c).
func HBA(clients []string) string {
	lines := []string{
		"# gpk writes this file as a whole, from cluster.yaml. Lines that somebody else adds are removed.",
		"local all " + Administrator + " trust",
		"local replication " + Administrator + " trust",
		"hostssl all " + Administrator + " all cert",
		"hostssl replication " + Administrator + " all cert",
	}
	return strings.Join(append(append(lines, clients...), "# gpk: end"), "\n") + "\n"
}

// HBAScript calls a verb of hba.sh for data directories: check, write, offer or withdraw, with the pg_hba.conf that they are to have.
func HBAScript(verb, hba string, dirs ...string) Command {
	return Script("hba.sh", append([]string{verb}, dirs...)...).reading(hba)
}

// ParseHBA reads what `hba.sh check` printed: the files that differ, such as /greenplum/primary/gpseg0/pg_hba.conf.
func ParseHBA(out string) (differ []string, err error) {
	return parseInstanceFiles(out, "differs", "the answer about pg_hba.conf was")
}

// HBAWritten is what became of the files that hba.sh has written.
type HBAWritten struct {
	// Unencrypted are the data directories whose servers run unencrypted until they are started again. Their pg_hba.conf is as before.
	Unencrypted []string
	// Refused are the lines that a server has refused, where only its log tells.
	Refused []RefusedLine
}

// ParseHBAWritten reads what `hba.sh write` or `offer` printed.
func ParseHBAWritten(out string) (written HBAWritten, err error) {
	err = parseLines(out, "the answer about pg_hba.conf was", func(line string, words []string) error {
		switch {
		case len(words) == 2 && words[0] == "restart":
			written.Unencrypted = append(written.Unencrypted, words[1])
		case len(words) > 2 && words[0] == "refused":
			number, err := strconv.Atoi(words[1])
			if err != nil {
				return fmt.Errorf("unknown line in %q", line)
			}
			written.Refused = append(written.Refused, RefusedLine{number, strings.Join(words[2:], " ")})
		default:
			return fmt.Errorf("unknown answer %q", line)
		}
		return nil
	})
	return whole(written, err)
}

// parseInstanceFiles reads the lines `WORD DIR FILE` by which a script tells of files in data directories: their paths.
func parseInstanceFiles(out, word, name string) (files []string, err error) {
	err = parseLines(out, name, func(line string, words []string) error {
		if len(words) != 3 || words[0] != word {
			return fmt.Errorf("unknown answer %q", line)
		}
		files = append(files, words[1]+"/"+words[2])
		return nil
	})
	return whole(files, err)
}
