package segments

import (
	"fmt"

	"gpk/pkg/topology"
)

// Missing says in words which instances of the wanted topology are not in the catalogue, or are there otherwise. Primaries
// and mirrors are compared by the role they were made for, since a failover switches the other. The coordinator and the
// standby may have changed places, so of them only the coordinator's presence counts.
func (c Catalogue) Missing(wanted []topology.Instance) []string {
	have := map[seat]Row{}
	for _, row := range c {
		have[seat{row.Content, row.PreferredRole}] = row
	}
	var missing []string
	for _, i := range wanted {
		row, found := have[seat{i.Content, i.Role}]
		switch role := RoleName(i.Content, i.Role); {
		case i.Content == topology.CoordinatorContent:
		case !found:
			missing = append(missing, fmt.Sprintf("content %d has no %s", i.Content, role))
		case row.Host != i.Host || row.Port != i.Port || row.Dir != i.Dir:
			missing = append(missing, fmt.Sprintf("the %s of content %d is %s:%d:%s instead of %s:%d:%s", role, i.Content,
				row.Host, row.Port, row.Dir, i.Host, i.Port, i.Dir))
		}
	}
	if _, found := c.Coordinator(); !found {
		missing = append(missing, "there is no coordinator")
	}
	return missing
}

// Stray says in words which segments the catalogue has beyond the wanted ones.
func (c Catalogue) Stray(wanted []topology.Instance) []string {
	known := map[int32]bool{topology.CoordinatorContent: true}
	for _, instance := range wanted {
		known[instance.Content] = true
	}
	return c.words(func(r Row) string {
		if known[r.Content] {
			return ""
		}
		return fmt.Sprintf("the catalogue has content %d on %s, of which gpk knows nothing", r.Content, r.Pod())
	})
}

const notInSync = " is not in sync with its primary"

// fault says in words what is wrong with the instance in the role that it has, or "".
func (r Row) fault() string {
	switch {
	case !r.Up():
		return r.String() + " is down"
	case !r.IsPrimary() && !r.InSync():
		return r.String() + notInSync
	}
	return ""
}

// words are the texts that a function gives for the rows, without the empty ones.
func (c Catalogue) words(of func(Row) string) []string {
	var found []string
	for _, row := range c {
		if text := of(row); text != "" {
			found = append(found, text)
		}
	}
	return found
}

// Broken says in words what would not survive a restart of all pods at once: an instance that is down, or a pair that is out of
// sync. Switched roles survive it.
func (c Catalogue) Broken() []string { return c.words(Row.fault) }

// Unhealthy says in words what keeps the cluster from being healthy: what is Broken, and pairs that run in switched roles.
func (c Catalogue) Unhealthy() []string {
	return c.words(func(r Row) string {
		if fault := r.fault(); fault != "" || !r.Switched() {
			return fault
		}
		return r.String() + " acts as primary in place of its mirror"
	})
}

// OutOfSync says in words which mirrors have yet to catch up.
func (c Catalogue) OutOfSync() []string {
	return c.Segments().words(func(r Row) string {
		if r.IsPrimary() || r.InSync() {
			return ""
		}
		return r.String() + notInSync
	})
}
