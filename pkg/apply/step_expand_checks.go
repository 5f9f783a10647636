package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// expandableHandler refuses an expansion that would not come to its end, or that somebody else is at. Its Check is either
// done or blocked.
type expandableHandler struct {
	nothing
	target *Target
	action plan.Expandable
}

func (h *expandableHandler) Check(ctx context.Context) (Finding, error) {
	acting, err := h.target.probed(ctx)
	if errors.Is(err, errSilent) {
		return Finding{State: Blocked, Details: []string{firstLine(err)}, Next: "gpk start; if the coordinator is lost, gpk failover"}, nil
	}
	if err != nil {
		return Finding{}, err
	}
	if h.action.Begun && len(catalogued(acting.Catalogue, h.action.New)) > 0 {
		return Finding{State: Done}, nil
	}
	if !h.action.Begun {
		if finding, err := h.foreign(ctx, acting); err != nil || finding.State != Done {
			return finding, err
		}
	}
	if stray := append(acting.Catalogue.Missing(h.action.From), acting.Catalogue.Stray(h.action.From)...); len(stray) > 0 {
		return Finding{State: Blocked, Details: stray, Next: "nothing was changed: gpk expands what it has made itself; see `gpk status`"}, nil
	}
	if faults := acting.Catalogue.Unhealthy(); len(faults) > 0 {
		return Finding{State: Blocked, Details: []string{strings.Join(faults, "; ")},
			Next: "gpk recover, then this again; nothing was changed"}, nil
	}
	return h.tablespaces(ctx, acting)
}

// foreign finds an expansion that this one did not begin, and volumes that it would take for its own.
func (h *expandableHandler) foreign(ctx context.Context, acting Acting) (Finding, error) {
	facts, err := h.target.expansionFacts(ctx, []podDirs{{pod: acting.Pod}})
	if err != nil {
		return Finding{}, err
	}
	under, err := h.target.expansion(ctx, acting)
	if err != nil {
		return Finding{}, err
	}
	noted := facts[acting.Pod]
	switch {
	case under.Status != "":
		return Finding{State: Blocked, Details: []string{"an expansion is under way already: " + under.String()},
			Next: "gpk expand --resume, then this again; nothing was changed"}, nil
	case noted.Runs:
		return Finding{State: Blocked, Details: []string{"a gpexpand is running in pod " + acting.Pod + " that gpk has not started"},
			Next: "wait for its end; nothing was changed"}, nil
	case noted.Setup != segments.NoSetup:
		return Finding{State: Blocked,
			Details: []string{"somebody's gpexpand has stopped at " + noted.Setup},
			Next:    "finish it, or take it back with `gpexpand -r` in pod " + acting.Pod + "; nothing was changed"}, nil
	}
	claims, err := h.target.there(ctx, "PersistentVolumeClaim", h.action.Claims)
	if err == nil && len(claims) > 0 {
		return Finding{State: Blocked, Details: []string{"from an earlier cluster, " + few(claims)},
			Next: "delete what nobody needs any more with `kubectl delete pvc`, and run this again; nothing was changed"}, nil
	}
	return Finding{State: Done}, err
}

// tablespaces of users are not expanded: nobody but they can say where those of new segments are to be.
func (h *expandableHandler) tablespaces(ctx context.Context, acting Acting) (Finding, error) {
	out, err := h.target.sql(ctx, acting, "postgres", segments.TablespacesSQL)
	if err != nil {
		return Finding{}, err
	}
	names, err := segments.ParseNames(out)
	if err == nil && len(names) > 0 {
		return Finding{State: Blocked, Details: []string{"there are tablespaces of users: " + strings.Join(names, ", ")},
			Next: "move their tables to pg_default and drop them, or expand by hand; nothing was changed"}, nil
	}
	return Finding{State: Done}, err
}

// roomHandler says no to what would fill a volume. It has nothing to do either.
type roomHandler struct {
	nothing
	target *Target
	action plan.Room
}

// While gpexpand works, a copy of the coordinator's directory lies there twice, as a folder and as an archive of it, with what
// is written to the log meanwhile: some files of 64 MiB.
const (
	copies = 2
	wal    = 3 << 26
)

func (h *roomHandler) Check(ctx context.Context) (Finding, error) {
	return h.target.lookAt(ctx, h.look)
}

func (h *roomHandler) look(ctx context.Context, acting Acting) (Finding, error) {
	if len(catalogued(acting.Catalogue, h.action.New)) > 0 {
		return Finding{State: Done}, nil
	}
	pods := []podDirs{{pod: acting.Pod}}
	for _, row := range acting.Catalogue {
		if row.Content >= 0 && row.Up() && !slices.Contains(podNames(pods), row.Pod()) {
			pods = append(pods, podDirs{pod: row.Pod()})
		}
	}
	facts, err := h.target.expansionFacts(ctx, pods)
	if err != nil {
		return Finding{}, err
	}
	if at := facts[acting.Pod]; at.Runs || at.Setup != segments.NoSetup {
		// What gpexpand has made by now takes its part of the room already.
		return Finding{State: Done}, nil
	}
	total, largest, notes, err := h.sizes(ctx, acting)
	if err != nil {
		return Finding{}, err
	}
	if tight := h.tight(acting.Catalogue, pods, facts, total, largest); len(tight) > 0 {
		return Finding{State: Blocked, Details: []string{few(tight)},
			Next: "enlarge the volumes with `gpk resize`, or free what is not needed; nothing was changed"}, nil
	}
	return Finding{State: Done, Details: notes}, nil
}

// tight says what would not fit: the template on the coordinator's volume, a second copy of the largest table on each
// segment's, and wherever new segments come to, beside older ones as in a pod of their own, what they take.
func (h *roomHandler) tight(catalogue segments.Catalogue, pods []podDirs, facts map[string]segments.ExpansionFacts,
	total, largest int64) []string {
	template := facts[pods[0].pod].Coordinator + wal
	var tight []string
	if free := facts[pods[0].pod].Free; free < copies*template {
		tight = append(tight, fmt.Sprintf("pod %s has %s left on its volume, and gpexpand makes two copies of the coordinator's %s",
			pods[0].pod, segments.Size(free), segments.Size(template)))
	}
	for _, pod := range pods[1:] {
		if free := facts[pod.pod].Free; free < largest {
			tight = append(tight, fmt.Sprintf("pod %s has %s left on its volume, and the largest table takes %s of it while it is redistributed",
				pod.pod, segments.Size(free), segments.Size(largest)))
		}
	}
	for _, pod := range byPod(h.action.New) {
		need := copies*template + int64(len(pod.dirs))*template + h.rows(catalogue, pod, total) + largest
		there, old := facts[pod.pod]
		switch {
		case old && there.Free >= largest && there.Free < need:
			tight = append(tight, fmt.Sprintf("pod %s has %s left on its volume, and with %d more segments in it needs at least %s",
				pod.pod, segments.Size(there.Free), len(pod.dirs), segments.Size(need)))
		case !old && h.action.Volume != 0 && h.action.Volume < need:
			tight = append(tight, fmt.Sprintf("a volume of %s for pod %s is too small: it needs at least %s",
				segments.Size(h.action.Volume), pod.pod, segments.Size(need)))
		}
	}
	return tight
}

// rows are the bytes of rows by which a pod will have more: its older segments give some away.
func (h *roomHandler) rows(catalogue segments.Catalogue, pod podDirs, total int64) int64 {
	var older int64
	for _, row := range catalogue {
		if row.Content >= 0 && row.Pod() == pod.pod {
			older++
		}
	}
	before := int64(0)
	if primaries := int64(catalogue.Primaries()); primaries > 0 {
		before = older * total / primaries
	}
	return max(0, (older+int64(len(pod.dirs)))*total/int64(h.action.Total)-before)
}

// sizes are the bytes of all databases, and of the largest table on the segment that has most of it.
func (h *roomHandler) sizes(ctx context.Context, acting Acting) (total, largest int64, notes []string, err error) {
	databases, err := h.target.databases(ctx, acting)
	if err != nil {
		return 0, 0, nil, err
	}
	for _, database := range databases {
		size, err := h.target.number(ctx, acting, database, segments.SizeSQL)
		if err != nil {
			return 0, 0, nil, err
		}
		table, err := h.target.number(ctx, acting, database, segments.LargestSQL)
		var exit *remote.Error
		if errors.As(err, &exit) {
			notes = append(notes, fmt.Sprintf("whether the largest table of database %s can be redistributed was not checked: %s", database,
				exit.Why()))
		} else if err != nil {
			return 0, 0, nil, err
		}
		total, largest = total+size, max(largest, table)
	}
	return total, largest, notes, nil
}

// databases are those that can be connected to.
func (t *Target) databases(ctx context.Context, acting Acting) ([]string, error) {
	out, err := t.sql(ctx, acting, "postgres", segments.DatabasesSQL)
	if err != nil {
		return nil, err
	}
	return segments.ParseNames(out)
}

// number is SQL's answer as a whole number.
func (t *Target) number(ctx context.Context, acting Acting, database, sql string) (int64, error) {
	out, err := t.sql(ctx, acting, database, sql)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(out, 10, 64)
}

// hostsHandler lets the pods know the hosts of all pods.
type hostsHandler struct {
	target *Target
	action plan.Hosts
}

func (h *hostsHandler) Check(ctx context.Context) (Finding, error) {
	_, known, err := h.target.toDecide(ctx, h.decision())
	if err != nil || known {
		return Finding{State: Done}, err
	}
	return pendingIf([]string{fmt.Sprintf("the pods are to know %d hosts", len(h.action.Hosts))}), nil
}

func (h *hostsHandler) Do(ctx context.Context, _ func(string)) error {
	_, err := h.target.decide(ctx, h.decision())
	return err
}

func (h *hostsHandler) decision() map[string]string {
	return map[string]string{plan.StateHosts: hostLines(h.action.Hosts)}
}
