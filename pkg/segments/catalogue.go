package segments

import (
	"cmp"
	"fmt"
	"slices"
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

// String names the row's instance for people.
func (r Row) String() string {
	return fmt.Sprintf("content %d, dbid %d on %s", r.Content, r.DBID, r.Pod())
}

// Up reports whether the fault tolerance service found the instance answering.
func (r Row) Up() bool { return r.Status == "u" }

// InSync reports whether the instance is up and in sync with its other copy. The coordinator's own row does not tell; the standby's does.
func (r Row) InSync() bool { return r.Up() && r.Mode == "s" }

// IsSegment tells a primary or a mirror from a coordinator or a standby.
func (r Row) IsSegment() bool { return r.Content != topology.CoordinatorContent }

// IsPrimary reports whether the instance acts as a primary, or as the coordinator, whatever it was made for.
func (r Row) IsPrimary() bool { return r.Role == topology.Primary }

// Switched reports whether the instance is a mirror that acts as primary in place of the primary.
func (r Row) Switched() bool {
	return r.IsSegment() && r.IsPrimary() && r.PreferredRole == topology.Mirror
}

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

// ProbeSQL makes the fault tolerance service look at every segment now. The next probe by itself is up to a minute later.
const ProbeSQL = "select gp_request_fts_probe_scan();\n"

// ClientsSQL prints a line for every session of a client of the coordinator. What Greenplum itself runs is of another type, which 6
// does not tell: it lists clients only.
const ClientsSQL = `select format('%s in database %s, from %s, since %s', usename, datname,
    coalesce(host(client_addr), 'the coordinator''s pod'), to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"'))
  from pg_stat_activity as a where coalesce(row_to_json(a)->>'backend_type', 'client backend') = 'client backend'
    and pid <> pg_backend_pid() order by backend_start;
`

// ParseCatalogue reads what CatalogueSQL printed.
func ParseCatalogue(out string) (Catalogue, error) {
	rows, err := parseJSON[Catalogue](out, "gp_segment_configuration")
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Content, b.Content), -cmp.Compare(a.PreferredRole, b.PreferredRole))
	})
	return rows, err
}

// Find is the row of a content in a role, as it is now.
func (c Catalogue) Find(content int32, role topology.Role) (Row, bool) {
	if i := slices.IndexFunc(c, func(r Row) bool { return r.Content == content && r.Role == role }); i >= 0 {
		return c[i], true
	}
	return Row{}, false
}

// Coordinator is the row of the acting coordinator.
func (c Catalogue) Coordinator() (Row, bool) {
	return c.Find(topology.CoordinatorContent, topology.Primary)
}

// Standby is the row of the standby coordinator.
func (c Catalogue) Standby() (Row, bool) { return c.Find(topology.CoordinatorContent, topology.Mirror) }

func (c Catalogue) where(holds func(Row) bool) Catalogue {
	return slices.DeleteFunc(slices.Clone(c), func(r Row) bool { return !holds(r) })
}

// Segments are the rows of the primaries and the mirrors.
func (c Catalogue) Segments() Catalogue { return c.where(Row.IsSegment) }

// Acting are the rows of the coordinator and of the acting primaries: those that take statements while they are up.
func (c Catalogue) Acting() Catalogue { return c.where(Row.IsPrimary) }

// Up are the rows of the instances that answer.
func (c Catalogue) Up() Catalogue { return c.where(Row.Up) }

// Down are the primaries and mirrors that are marked as down.
func (c Catalogue) Down() Catalogue {
	return c.Segments().where(func(r Row) bool { return !r.Up() })
}

// Switched are the mirrors that act as primary.
func (c Catalogue) Switched() Catalogue { return c.where(Row.Switched) }

// On are the rows of the primaries and mirrors in a pod.
func (c Catalogue) On(pod string) Catalogue {
	return c.Segments().where(func(r Row) bool { return r.Pod() == pod })
}

// Primaries is the number of segments, without the coordinator.
func (c Catalogue) Primaries() int { return len(c.Segments().Acting()) }

// seat is what an instance is made for.
type seat struct {
	content int32
	role    topology.Role
}

// MadeFor are the rows of instances of a topology. It compares content and preferred role, and no host or directory.
func (c Catalogue) MadeFor(instances []topology.Instance) Catalogue {
	wanted := map[seat]bool{}
	for _, i := range instances {
		wanted[seat{i.Content, i.Role}] = true
	}
	return c.where(func(r Row) bool { return wanted[seat{r.Content, r.PreferredRole}] })
}

// RoleName is a role in words: coordinator, standby, primary or mirror.
func RoleName(content int32, role topology.Role) string {
	switch {
	case content == topology.CoordinatorContent && role == topology.Primary:
		return "coordinator"
	case content == topology.CoordinatorContent:
		return "standby"
	case role == topology.Primary:
		return "primary"
	}
	return "mirror"
}
