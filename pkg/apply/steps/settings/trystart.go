package settings

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// place is a data directory in a pod, and the content of its instance.
type place struct {
	pod, dir string
	content  int32
}

// String names the instance with its pod.
func (p place) String() string {
	if p.content == topology.CoordinatorContent {
		return "the coordinator in pod " + p.pod
	}
	return fmt.Sprintf("content %d in pod %s", p.content, p.pod)
}

// triedPlaces are those where a server tries to start: the coordinator's, and that of the first acting primary. All pods have one image.
func triedPlaces(acting database.Acting) []place {
	places := []place{{acting.Pod, topology.CoordinatorDir, topology.CoordinatorContent}}
	for _, row := range acting.Catalogue.Acting().Up() {
		if row.Content != topology.CoordinatorContent {
			return append(places, place{row.Pod(), row.Dir, row.Content})
		}
	}
	return places
}

// stoppedPlaces are triedPlaces of a stopped database.
func stoppedPlaces(pod string, instances []topology.Instance) []place {
	places := []place{{pod, topology.CoordinatorDir, topology.CoordinatorContent}}
	i := slices.IndexFunc(instances, func(i topology.Instance) bool { return i.Content != topology.CoordinatorContent })
	if i < 0 {
		return places
	}
	return append(places, place{instances[i].Pod, instances[i].Dir, instances[i].Content})
}

// trial tries settings in pods, and changes none.
type trial struct{ remote *remote.Pods }

// startFaults are why servers would not start with settings, at most one for each place. A fault that the files have without the
// settings is none of theirs.
func (t trial) startFaults(ctx context.Context, places []place, settings []segments.RoleSetting) ([]string, error) {
	if len(settings) == 0 {
		return nil, nil
	}
	faults := make([]string, len(places))
	err := engine.Each(ctx, places, func(ctx context.Context, i int, p place) error {
		given := make([]segments.Setting, len(settings))
		names := make([]string, len(settings))
		for n, setting := range settings {
			given[n] = segments.Setting{Name: setting.Name, Value: valueFor(setting, p.content)}
			names[n] = given[n].Name + "=" + given[n].Value
		}
		fault, err := t.startFault(ctx, p, given)
		if err != nil || fault == "" {
			return err
		}
		before, err := t.startFault(ctx, p, nil)
		if err == nil && before != fault {
			faults[i] = fmt.Sprintf("the server would not start with %s: %s (tried on %s)", strings.Join(names, ", "), fault, p)
		}
		return err
	})
	return engine.NonEmpty(faults), err
}

// startFault is why a server would not start with settings, or "". Where it cannot be tried nothing is known.
func (t trial) startFault(ctx context.Context, p place, settings []segments.Setting) (string, error) {
	out, err := t.remote.Run(ctx, p.pod, segments.TryStart(p.dir, settings))
	if _, failed := errors.AsType[*remote.Error](err); failed {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return segments.ParseTryStart(out)
}

// sessionFault is why sessions would fail with settings, or "". The utilities' sessions would too: nothing could start or change
// the database then.
func (t trial) sessionFault(ctx context.Context, pod string, settings []segments.Setting) (string, error) {
	if len(settings) == 0 {
		return "", nil
	}
	_, err := t.remote.Run(ctx, pod, segments.TrySession(settings))
	exit, failed := errors.AsType[*remote.Error](err)
	if !failed {
		return "", err
	}
	names := make([]string, len(settings))
	for i, setting := range settings {
		names[i] = setting.Name + "=" + setting.Value
	}
	return fmt.Sprintf("Greenplum's utilities could not work with %s: %s", strings.Join(names, ", "), exit.Why()), nil
}

// lacksScript reports whether bash has not found a script.
func lacksScript(err error) bool {
	exit, failed := errors.AsType[*remote.Error](err)
	return failed && exit.Status == 127 && strings.Contains(exit.Output, "settings.sh")
}
