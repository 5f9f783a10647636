package settings

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/plan"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// misconfigured describes, for each setting, how the files of any instance differ from it, or is "". Mirrors and standby count too.
func (s *Settings) misconfigured(ctx context.Context, acting database.Acting, settings []segments.RoleSetting) ([]string, error) {
	faults := make([]string, len(settings))
	err := engine.Each(ctx, settings, func(ctx context.Context, i int, setting segments.RoleSetting) error {
		out, err := s.remote.Run(ctx, acting.Pod, segments.GpconfigShow(setting.Name))
		if _, failed := errors.AsType[*remote.Error](err); err != nil && !failed {
			return err
		}
		faults[i] = segments.Misconfigured(out, setting)
		return nil
	})
	return faults, err
}

// instanceFiles are the settings in the files of one instance, or why they could not be read.
type instanceFiles struct {
	row      segments.Row
	settings map[string]segments.FileSetting
	err      error
}

// files reads settings from the files of the coordinator and of every acting primary.
func (s *Settings) files(ctx context.Context, acting database.Acting, names []string) ([]instanceFiles, error) {
	answers, err := s.ask(ctx, acting, segments.FileSettingsSQL(engine.Lower(names)))
	files := make([]instanceFiles, len(answers))
	for i, a := range answers {
		files[i] = instanceFiles{row: a.row, err: a.err}
		if a.err == nil && err == nil {
			files[i].settings, files[i].err = segments.ParseFileSettings(a.out)
		}
	}
	return files, err
}

// of is a setting in the files of the instance.
func (f instanceFiles) of(name string) segments.FileSetting { return f.settings[strings.ToLower(name)] }

// String names the instance with its pod.
func (f instanceFiles) String() string {
	if f.row.Content == topology.CoordinatorContent {
		return "the coordinator in pod " + f.row.Pod()
	}
	return fmt.Sprintf("content %d in pod %s", f.row.Content, f.row.Pod())
}

// wants is the value that the instance should have.
func (f instanceFiles) wants(s segments.RoleSetting) string {
	if f.row.Content == topology.CoordinatorContent {
		return s.Coordinator
	}
	return s.Segment
}

// alteration names settings that ALTER SYSTEM has set on an instance.
type alteration struct {
	instanceFiles
	names []string
}

// altered finds the settings that ALTER SYSTEM keeps from a change: its file outranks the one that gpconfig writes.
func (s *Settings) altered(ctx context.Context, acting database.Acting, change plan.Written) ([]alteration, error) {
	files, err := s.files(ctx, acting, change.Names())
	if err != nil {
		return nil, err
	}
	var found []alteration
	for _, file := range files {
		if file.err != nil {
			return nil, file.err
		}
		a := alteration{instanceFiles: file}
		for _, setting := range change.Settings {
			if has := file.of(setting.Name); has.Altered && !has.Has(file.wants(setting)) {
				a.names = append(a.names, setting.Name)
			}
		}
		for _, name := range change.Removed {
			if file.of(name).Altered {
				a.names = append(a.names, name)
			}
		}
		if len(a.names) > 0 {
			found = append(found, a)
		}
	}
	return found, nil
}

// unwritten says what of a change is missing from the files: first of what it sets, then of what it removes.
func (s *Settings) unwritten(ctx context.Context, acting database.Acting, change plan.Written) ([]string, error) {
	faults, err := s.misconfigured(ctx, acting, change.Settings)
	if err != nil {
		return nil, err
	}
	altered, err := s.altered(ctx, acting, change)
	if err != nil {
		return nil, err
	}
	for _, a := range altered {
		for _, name := range a.names {
			faults = append(faults, fmt.Sprintf("ALTER SYSTEM has set %s on %s", name, a))
		}
	}
	if len(change.Removed) == 0 {
		return engine.NonEmpty(faults), nil
	}
	left, err := s.words(ctx, acting, segments.InFileSQL(change.Removed))
	for _, name := range left {
		faults = append(faults, name+" is in the files, and should have its default")
	}
	return engine.NonEmpty(faults), err
}
