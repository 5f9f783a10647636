package settings

import (
	"context"
	"errors"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// stoppedPod is a pod whose coordinator's instance is stopped, while none runs in another one that answers. It is "" if the database may
// run: then only its server says what its settings are.
func (s *Settings) stoppedPod(ctx context.Context) (string, error) {
	acting, err := s.db.Acting(ctx)
	if err == nil || !errors.Is(err, database.ErrNoCoordinator) {
		return "", err
	}
	stopped := ""
	for pod, facts := range acting.Pods {
		switch facts.Instances[topology.CoordinatorDir] {
		case segments.Stopped:
			if stopped == "" || pod < stopped {
				stopped = pod
			}
		case segments.Absent:
		default:
			return "", nil
		}
	}
	return stopped, nil
}

// podChange is a change of the files of a pod's instances. Those of one pod have the same role.
type podChange struct {
	database.PodDirs
	change segments.FileChange
}

// podChanges are a change as each pod has to make it.
func podChanges(change plan.Written) []podChange {
	var changes []podChange
	content := map[string]int32{}
	for _, instance := range change.Instances {
		content[instance.Pod] = instance.Content
	}
	for _, pod := range database.ByPod(change.Instances) {
		files := segments.FileChange{Removed: change.Removed}
		for _, setting := range change.Settings {
			files.Set = append(files.Set, segments.Setting{Name: setting.Name, Value: valueFor(setting, content[pod.Pod])})
		}
		changes = append(changes, podChange{pod, files})
	}
	return changes
}

// valueFor is the value of a setting on the instances of a content.
func valueFor(s segments.RoleSetting, content int32) string {
	if content == topology.CoordinatorContent {
		return s.Coordinator
	}
	return s.Segment
}

// stoppedFiles are the files of settings of a stopped database, which gpk changes without its server.
type stoppedFiles struct{ remote *remote.Pods }

// unwritten says which files of a stopped database a change is missing from.
func (f stoppedFiles) unwritten(ctx context.Context, change plan.Written) ([]string, error) {
	changes := podChanges(change)
	found := make([][]string, len(changes))
	err := engine.Each(ctx, changes, func(ctx context.Context, i int, c podChange) error {
		out, err := f.remote.Run(ctx, c.Pod, segments.CheckFiles(c.Dirs, c.change))
		if err != nil {
			return withoutScript(err)
		}
		differing, err := segments.ParseFiles(out)
		for _, what := range differing {
			found[i] = append(found[i], what+" in pod "+c.Pod+" has another value")
		}
		return err
	})
	var all []string
	for _, some := range found {
		all = append(all, some...)
	}
	return all, err
}

// write gives a change to the files of a stopped database.
func (f stoppedFiles) write(ctx context.Context, change plan.Written, progress func(string)) error {
	progress("the database is stopped: writing to the files in the pods")
	return engine.Each(ctx, podChanges(change), func(ctx context.Context, _ int, c podChange) error {
		out, err := f.remote.Run(ctx, c.Pod, segments.WriteFiles(c.Dirs, c.change))
		if err != nil {
			return withoutScript(err)
		}
		_, err = segments.ParseFiles(out)
		return err
	})
}

// withoutScript says what to do if a pod has no settings.sh.
func withoutScript(err error) error {
	if !lacksScript(err) {
		return err
	}
	return &engine.NextError{Err: fmt.Errorf("the pod has the scripts of an earlier gpk: %w", err),
		Next: engine.Next(plan.Gpk("create", "-f", "cluster.yaml"), " updates them. They reach the pods within two minutes")}
}
