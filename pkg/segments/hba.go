package segments

import (
	"encoding/json"
	"fmt"
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
	var refused []RefusedLine
	if err := json.Unmarshal([]byte(out), &refused); err != nil {
		return nil, fmt.Errorf("what the server says of pg_hba.conf could not be read: %w", err)
	}
	return refused, nil
}
