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

// roomHandler refuses an expansion that would fill a volume. It changes nothing: its Check is either done or blocked.
type roomHandler struct {
	engine.Nothing
	*gpexpand
	action plan.Room
}

// While gpexpand works, a volume holds the template of the new segments twice, as a directory and as an archive. The template is a copy
// of the coordinator's directory with the write-ahead log that is written meanwhile: some files of 64 MiB.
const (
	templates   = 2
	templateLog = 3 << 26
)

func (h *roomHandler) Check(ctx context.Context) (engine.Finding, error) {
	return h.db.WithActing(ctx, h.look)
}

func (h *roomHandler) look(ctx context.Context, acting database.Acting) (engine.Finding, error) {
	if len(acting.Catalogue.MadeFor(h.action.New)) > 0 {
		return engine.Finding{State: engine.Done}, nil
	}
	var older []database.PodDirs
	for _, row := range acting.Catalogue {
		if row.Content >= 0 && row.Up() && row.Pod() != acting.Pod && !slices.Contains(database.PodNames(older), row.Pod()) {
			older = append(older, database.PodDirs{Pod: row.Pod()})
		}
	}
	found, err := h.traces(ctx, acting, older)
	if err != nil {
		return engine.Finding{}, err
	}
	if found.Runs || found.Setup != segments.NoSetup {
		// The files that gpexpand has made take their part of the room already.
		return engine.Finding{State: engine.Done}, nil
	}
	total, largest, unchecked, err := h.sizes(ctx, acting)
	if err != nil {
		return engine.Finding{}, err
	}
	if short := h.shortages(acting, older, found, total, largest); len(short) > 0 {
		return engine.BlockedBy(engine.Few(short),
			"nothing was changed; free space on these volumes, or enlarge them with ", plan.Gpk("resize")), nil
	}
	return engine.Finding{State: engine.Done, Details: unchecked}, nil
}

// shortages describe the volumes that are too small. The coordinator's must hold the template, each segment's a second copy of the
// largest table, and each one with new segments what these take.
func (h *roomHandler) shortages(acting database.Acting, older []database.PodDirs, found traces, total, largest int64) []string {
	template := found.Coordinator + templateLog
	var short []string
	if need := templates * template; found.Free < need {
		short = append(short, fmt.Sprintf("the volume of pod %s has %s free, and gpexpand needs %s for two copies of the coordinator",
			acting.Pod, segments.Size(found.Free), segments.Size(need)))
	}
	for _, pod := range older {
		if free := found.pods[pod.Pod].Free; free < largest {
			short = append(short, fmt.Sprintf("the volume of pod %s has %s free, and the largest table needs %s while it is redistributed",
				pod.Pod, segments.Size(free), segments.Size(largest)))
		}
	}
	for _, pod := range database.ByPod(h.action.New) {
		need := templates*template + int64(len(pod.Dirs))*template + h.rows(acting.Catalogue, pod, total) + largest
		has, old := found.pods[pod.Pod]
		switch {
		case old && has.Free >= largest && has.Free < need:
			short = append(short, fmt.Sprintf("the volume of pod %s has %s free, and %d more segments need %s",
				pod.Pod, segments.Size(has.Free), len(pod.Dirs), segments.Size(need)))
		case !old && h.action.Volume != 0 && h.action.Volume < need:
			short = append(short, fmt.Sprintf("a volume of %s for pod %s is too small: its segments need %s",
				segments.Size(h.action.Volume), pod.Pod, segments.Size(need)))
		}
	}
	return short
}

// rows are the bytes of rows that a pod will have more: its older segments give some of theirs away.
func (h *roomHandler) rows(catalogue segments.Catalogue, pod database.PodDirs, total int64) int64 {
	older := int64(len(catalogue.On(pod.Pod)))
	before := older * total / max(1, int64(catalogue.Primaries()))
	return max(0, (older+int64(len(pod.Dirs)))*total/int64(h.action.Total)-before)
}

// sizes are the bytes of all databases, and those of the largest table on the segment that has most of it. unchecked names the databases
// whose tables it could not read.
func (h *roomHandler) sizes(ctx context.Context, acting database.Acting) (total, largest int64, unchecked []string, err error) {
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
		if exit, failed := errors.AsType[*remote.Error](err); failed {
			unchecked = append(unchecked, fmt.Sprintf("could not check whether the volumes have room for the largest table of database %s: %s",
				database, exit.Why()))
		} else if err != nil {
			return 0, 0, nil, err
		}
		total, largest = total+size, max(largest, table)
	}
	return total, largest, unchecked, nil
}
