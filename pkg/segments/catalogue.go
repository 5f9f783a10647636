package segments

import (
	"encoding/json"
	"fmt"
	"sort"
	"strings"

	"gpk/pkg/topology"
)

// Row is a row of gp_segment_configuration, the only truth about which instance is what.
type Row struct {
	DBID    int32 `json:"dbid"`
	Content int32 `json:"content"`
	// Role is what the instance does now, PreferredRole what it was made for.
	Role          topology.Role `json:"role"`
	PreferredRole topology.Role `json:"preferred_role"`
	// Mode is s while both copies are in sync, n otherwise. The coordinator's own row says nothing: n, or s after a failover.
	Mode string `json:"mode"`
	// Status is u for up and d for down.
	Status  string `json:"status"`
	Port    int32  `json:"port"`
	Host    string `json:"hostname"`
	Address string `json:"address"`
	Dir     string `json:"datadir"`
}

// Pod is the pod that the row's instance lives in.
func (r Row) Pod() string { return PodOf(r.Host) }

// PodOf is the pod of a host: the first label of its name.
func PodOf(host string) string {
	pod, _, _ := strings.Cut(host, ".")
	return pod
}

// Up says whether the fault tolerance service found the instance answering.
func (r Row) Up() bool { return r.Status == "u" }

// Catalogue is the whole gp_segment_configuration, ordered by content, then preferred role, the primary first.
type Catalogue []Row

// CatalogueSQL reads the catalogue as one JSON value, for ParseCatalogue. Both Greenplum 6 (PostgreSQL 9.4) and 7 know
// json_agg. The fault tolerance service looks after segments only, and the standby's row says s for ever: whether it
// follows is in pg_stat_replication, as gpstate -f knows.
const CatalogueSQL = `select coalesce(json_agg(c), '[]') from (
  select dbid, content, role, preferred_role, case when content >= 0 or role = 'p' then mode
    when exists (select 1 from pg_stat_replication where application_name = 'gp_walreceiver' and state = 'streaming') then 's'
    else 'n' end as mode, status, port, hostname, address, datadir
  from gp_segment_configuration) c;
`

// ProbeSQL makes the fault tolerance service look at every segment now. Without it a killed mirror stays up in the
// catalogue until the next probe, a minute later.
const ProbeSQL = "select gp_request_fts_probe_scan();\n"

// ClientsSQL prints a line for every session of a client, of the coordinator's database that is asked. What Greenplum runs in the
// background is of another type.
const ClientsSQL = `select format('%s in database %s, from %s, since %s', usename, datname,
    coalesce(host(client_addr), 'the coordinator''s pod'), to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
  from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() order by backend_start;
`

// ParseCatalogue reads what CatalogueSQL printed.
func ParseCatalogue(out string) (Catalogue, error) {
	var rows Catalogue
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		return nil, fmt.Errorf("gp_segment_configuration came back as %q: %w", firstLine(out), err)
	}
	sort.Slice(rows, func(i, j int) bool {
		if rows[i].Content != rows[j].Content {
			return rows[i].Content < rows[j].Content
		}
		return rows[i].PreferredRole > rows[j].PreferredRole
	})
	return rows, nil
}

// Find is the row of a content in a role, as it is now.
func (c Catalogue) Find(content int32, role topology.Role) (Row, bool) {
	for _, row := range c {
		if row.Content == content && row.Role == role {
			return row, true
		}
	}
	return Row{}, false
}

// Missing says in words which instances of the wanted topology are not in the catalogue, or are there otherwise. Primaries
// and mirrors are compared by the role they were made for, since a failover switches the other. The coordinator and the
// standby may have changed places, so of them only the coordinator's presence counts.
func (c Catalogue) Missing(wanted []topology.Instance) []string {
	type key struct {
		content int32
		role    topology.Role
	}
	have := map[key]Row{}
	for _, row := range c {
		have[key{row.Content, row.PreferredRole}] = row
	}
	var missing []string
	for _, instance := range wanted {
		if instance.Content == topology.CoordinatorContent {
			continue
		}
		row, found := have[key{instance.Content, instance.Role}]
		switch {
		case !found:
			missing = append(missing, fmt.Sprintf("content %d has no %s", instance.Content, roleName(instance.Role)))
		case row.Host != instance.Host || row.Port != instance.Port || row.Dir != instance.Dir:
			missing = append(missing, fmt.Sprintf("the %s of content %d is %s:%d:%s instead of %s:%d:%s", roleName(instance.Role),
				instance.Content, row.Host, row.Port, row.Dir, instance.Host, instance.Port, instance.Dir))
		}
	}
	if _, found := c.Find(topology.CoordinatorContent, topology.Primary); !found {
		missing = append(missing, "there is no coordinator")
	}
	return missing
}

// Unhealthy says in words what keeps the cluster from being whole: an instance that is down, a pair that is out of sync or
// that runs in switched roles.
func (c Catalogue) Unhealthy() []string {
	var faults []string
	for _, row := range c {
		name := row.String()
		switch {
		case !row.Up():
			faults = append(faults, name+" is down")
		case row.Role == topology.Mirror && row.Mode != "s":
			faults = append(faults, name+" is not in sync with its primary")
		case row.Content >= 0 && row.Role != row.PreferredRole && row.Role == topology.Primary:
			faults = append(faults, name+" acts as primary in place of its mirror")
		}
	}
	return faults
}

// Primaries is the number of segments, without the coordinator.
func (c Catalogue) Primaries() int {
	n := 0
	for _, row := range c {
		if row.Content >= 0 && row.Role == topology.Primary {
			n++
		}
	}
	return n
}

func roleName(role topology.Role) string {
	if role == topology.Primary {
		return "primary"
	}
	return "mirror"
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
