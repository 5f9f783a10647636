package settings

import (
	"context"
	"fmt"

	"gpk/pkg/apply/database"
	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// instanceFiles is what an instance says of settings in its files, or why it can't be asked.
type instanceFiles struct {
	row      segments.Row
	settings map[string]segments.FileSetting
	err      error
}

// fileSettings asks the coordinator and every acting primary. Mirrors and standby have no sessions that could ask them.
func (s *Settings) fileSettings(ctx context.Context, acting database.Acting, names []string) []instanceFiles {
	var files []instanceFiles
	for _, row := range acting.Catalogue.Acting().Up() {
		files = append(files, instanceFiles{row: row})
	}
	_ = engine.Each(ctx, files, func(ctx context.Context, i int, file instanceFiles) error {
		out, err := s.remote.Run(ctx, file.row.Pod(), segments.SegmentPsql(file.row.Port, segments.FileSettingsSQL(names)))
		if err == nil {
			files[i].settings, err = segments.ParseFileSettings(out)
		}
		files[i].err = err
		return nil
	})
	return files
}

// wantedOn is the value that an instance is to have.
func wantedOn(row segments.Row, s segments.RoleSetting) string {
	if row.Content == topology.CoordinatorContent {
		return s.Coordinator
	}
	return s.Segment
}

// instanceName is an instance with its pod, as people are told of it.
func instanceName(row segments.Row) string {
	if row.Content == topology.CoordinatorContent {
		return "the coordinator in pod " + row.Pod()
	}
	return fmt.Sprintf("content %d in pod %s", row.Content, row.Pod())
}
