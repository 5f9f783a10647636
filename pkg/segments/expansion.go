package segments

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ExpansionThereSQL prints t if gpexpand's schema is there with its tables.
const ExpansionThereSQL = `select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where n.nspname = 'gpexpand' and c.relname = 'status_detail');
`

// ExpandingSQL prints t if the schema of an expansion is there, whoever started it.
const ExpandingSQL = "select exists (select from pg_namespace where nspname = 'gpexpand');\n"

// ExpansionSQL reads what gpexpand has noted of its redistribution, for ParseExpansion. Its schema must be there.
const ExpansionSQL = `select json_build_object(
  'status', (select status from gpexpand.status order by updated desc limit 1),
  'tables', count(*),
  'tablesLeft', coalesce(sum(case when status in ('NOT STARTED', 'IN PROGRESS') then 1 else 0 end), 0)::bigint,
  'bytes', coalesce(sum(source_bytes), 0)::bigint,
  'bytesLeft', coalesce(sum(case when status in ('NOT STARTED', 'IN PROGRESS') then source_bytes else 0 end), 0)::bigint,
  'left', (select json_agg(dbname || '.' || fq_name) from (select dbname, fq_name from gpexpand.status_detail
    where status in ('NOT STARTED', 'IN PROGRESS') order by rank, dbname, fq_name limit 5) as listed),
  'estimate', (select value from gpexpand.expansion_progress where name = 'Estimated Time to Completion' limit 1))
from gpexpand.status_detail;
`

// Expansion is what gpexpand has noted of its redistribution. Its JSON is stable.
type Expansion struct {
	// Status is the last of gpexpand's words: SETUP DONE, EXPANSION STARTED, EXPANSION STOPPED or EXPANSION COMPLETE. Empty: there
	// is no schema gpexpand.
	Status     string `json:"status,omitempty"`
	Tables     int64  `json:"tables"`
	TablesLeft int64  `json:"tablesLeft"`
	// Bytes are those of the tables before they were moved.
	Bytes     int64 `json:"bytes"`
	BytesLeft int64 `json:"bytesLeft"`
	// Left are the first of the tables that are left, with their databases.
	Left []string `json:"left,omitempty"`
	// Estimate is how long the rest will take by what gpexpand has seen so far, as PostgreSQL writes intervals.
	Estimate string `json:"estimate,omitempty"`
}

// ParseExpansion reads the answer of ExpansionSQL.
func ParseExpansion(out string) (Expansion, error) {
	e, err := parseJSON[Expansion](out, "the state of the redistribution")
	if err == nil && e.Status == "" {
		e.Status = "SETUP"
	}
	e.Estimate, _, _ = strings.Cut(e.Estimate, ".")
	return e, err
}

// Complete reports whether gpexpand has redistributed all tables.
func (e Expansion) Complete() bool { return e.Status == "EXPANSION COMPLETE" && e.TablesLeft == 0 }

// Ready reports whether gpexpand has set up all that the redistribution needs.
func (e Expansion) Ready() bool { return e.Status != "" && e.Status != "SETUP" }

// String says in words how far it is.
func (e Expansion) String() string {
	text := fmt.Sprintf("%d of %d tables, %s of %s", e.Tables-e.TablesLeft, e.Tables, Size(e.Bytes-e.BytesLeft), Size(e.Bytes))
	if e.Estimate != "" && e.TablesLeft > 0 {
		text += ", about " + e.Estimate + " left"
	}
	return text
}

// Size is a number of bytes for people.
func Size(bytes int64) string {
	const units = "KMGTP"
	if bytes < 1024 {
		return strconv.FormatInt(bytes, 10) + " B"
	}
	value, unit := float64(bytes)/1024, 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}

// The words of gpexpand's status file that decide: as long as the catalogue has no new rows, all of them can be taken back.
const (
	// NoSetup: there is no such file, and so no setup under way.
	NoSetup = "none"
	// CatalogueStarted comes before the change of the catalogue, and CatalogueDone after it.
	CatalogueStarted = "UPDATE_CATALOG_STARTED"
	CatalogueDone    = "UPDATE_CATALOG_DONE"
)

// ExpansionFacts is what a pod says of an expansion.
type ExpansionFacts struct {
	// Setup is the last line of gpexpand's status file, NoSetup without one.
	Setup string
	// Runs reports whether a gpexpand is running in the pod.
	Runs bool
	// Free are the bytes that the volume has left, Coordinator those of a coordinator's directory in it.
	Free, Coordinator int64
	// Instances are the directories that were asked for.
	Instances map[string]NewInstance
}

// NewInstance is the directory of an instance that the expansion adds.
type NewInstance struct {
	// State is Absent, Stopped or Running.
	State string
	// New says that the volume knows the directory to be the expansion's, and not yet complete.
	New bool
}

// ExpandScript calls a verb of expand.sh.
func ExpandScript(verb string, dirs ...string) Command {
	return Script("expand.sh", append([]string{verb}, dirs...)...)
}

// ParseExpansionFacts reads what `expand.sh facts` printed.
func ParseExpansionFacts(out string) (ExpansionFacts, error) {
	facts := ExpansionFacts{Setup: NoSetup, Instances: map[string]NewInstance{}}
	err := parseLines(out, "the facts were", func(line string, words []string) (err error) {
		switch {
		case len(words) == 2 && words[0] == "status":
			facts.Setup = words[1]
		case len(words) == 2 && words[0] == "gpexpand":
			facts.Runs = words[1] == Running
		case len(words) == 2 && words[0] == "free":
			facts.Free, err = strconv.ParseInt(words[1], 10, 64)
		case len(words) == 2 && words[0] == "size":
			facts.Coordinator, err = strconv.ParseInt(words[1], 10, 64)
		case len(words) == 4 && words[0] == "instance":
			facts.Instances[words[1]] = NewInstance{words[2], words[3] == "new"}
		default:
			err = errors.New("no such fact")
		}
		if err != nil {
			return fmt.Errorf("unknown fact %q: %w", line, err)
		}
		return nil
	})
	return whole(facts, err)
}
