package expand

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
)

// roomHandler says no to what would fill a volume. It has nothing to do either.
type roomHandler struct {
	engine.Nothing
	db     *database.Database
	action plan.Room
}

// While gpexpand works, a copy of the coordinator's directory lies there twice, as a folder and as an archive of it, with what
// is written to the log meanwhile: some files of 64 MiB.
const (
	copies = 2
	wal    = 3 << 26
)

func (h *roomHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.LookAt(ctx, h.look)
}

func (h *roomHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if len(catalogued(acting.Catalogue, h.action.New)) > 0 {
		return engine.Finding{State: engine.Done}, nil
	}
	pods := []database.PodDirs{{Pod: acting.Pod}}
	for _, row := range acting.Catalogue {
		if row.Content >= 0 && row.Up() && !slices.Contains(database.PodNames(pods), row.Pod()) {
			pods = append(pods, database.PodDirs{Pod: row.Pod()})
		}
	}
	facts, err := h.db.ExpansionFacts(ctx, pods)
	if err != nil {
		return engine.Finding{}, err
	}
	if at := facts[acting.Pod]; at.Runs || at.Setup != segments.NoSetup {
		// What gpexpand has made by now takes its part of the room already.
		return engine.Finding{State: engine.Done}, nil
	}
	total, largest, notes, err := h.sizes(ctx, acting)
	if err != nil {
		return engine.Finding{}, err
	}
	if tight := h.tight(acting.Catalogue, pods, facts, total, largest); len(tight) > 0 {
		return engine.Finding{State: engine.Blocked, Details: []string{engine.Few(tight)},
			Next: engine.Next("enlarge the volumes with ", plan.Gpk("resize"), ", or free what is not needed; nothing was changed")}, nil
	}
	return engine.Finding{State: engine.Done, Details: notes}, nil
}

// tight says what would not fit: the template on the coordinator's volume, a second copy of the largest table on each
// segment's, and wherever new segments come to, beside older ones as in a pod of their own, what they take.
func (h *roomHandler) tight(catalogue segments.Catalogue, pods []database.PodDirs, facts map[string]segments.ExpansionFacts,
	total, largest int64) []string {
	template := facts[pods[0].Pod].Coordinator + wal
	var tight []string
	if free := facts[pods[0].Pod].Free; free < copies*template {
		tight = append(tight, fmt.Sprintf("pod %s has %s left on its volume, and gpexpand makes two copies of the coordinator's %s",
			pods[0].Pod, segments.Size(free), segments.Size(template)))
	}
	for _, pod := range pods[1:] {
		if free := facts[pod.Pod].Free; free < largest {
			tight = append(tight, fmt.Sprintf("pod %s has %s left on its volume, and the largest table takes %s of it while it is redistributed",
				pod.Pod, segments.Size(free), segments.Size(largest)))
		}
	}
	for _, pod := range database.ByPod(h.action.New) {
		need := copies*template + int64(len(pod.Dirs))*template + h.rows(catalogue, pod, total) + largest
		there, old := facts[pod.Pod]
		switch {
		case old && there.Free >= largest && there.Free < need:
			tight = append(tight, fmt.Sprintf("pod %s has %s left on its volume, and with %d more segments in it needs at least %s",
				pod.Pod, segments.Size(there.Free), len(pod.Dirs), segments.Size(need)))
		case !old && h.action.Volume != 0 && h.action.Volume < need:
			tight = append(tight, fmt.Sprintf("a volume of %s for pod %s is too small: it needs at least %s",
				segments.Size(h.action.Volume), pod.Pod, segments.Size(need)))
		}
	}
	return tight
}

// rows are the bytes of rows by which a pod will have more: its older segments give some away.
func (h *roomHandler) rows(catalogue segments.Catalogue, pod database.PodDirs, total int64) int64 {
	var older int64
	for _, row := range catalogue {
		if row.Content >= 0 && row.Pod() == pod.Pod {
			older++
		}
	}
	before := int64(0)
	if primaries := int64(catalogue.Primaries()); primaries > 0 {
		before = older * total / primaries
	}
	return max(0, (older+int64(len(pod.Dirs)))*total/int64(h.action.Total)-before)
}

// sizes are the bytes of all databases, and of the largest table on the segment that has most of it.
func (h *roomHandler) sizes(ctx context.Context, acting database.Acting) (total, largest int64, notes []string, err error) {
	databases, err := h.db.Databases(ctx, acting)
	if err != nil {
		return 0, 0, nil, err
	}
	for _, database := range databases {
		size, err := h.db.Number(ctx, acting, database, segments.SizeSQL)
		if err != nil {
			return 0, 0, nil, err
		}
		table, err := h.db.Number(ctx, acting, database, segments.LargestSQL)
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
