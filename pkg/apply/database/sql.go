package database

import (
	"context"
	"strconv"
	"strings"

	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
)

// SQL asks the acting coordinator.
type SQL struct{ remote *remote.Pods }

// Query runs SQL on the acting coordinator and returns what it printed, without the last newline.
func (s *SQL) Query(ctx context.Context, acting Acting, database, sql string) (string, error) {
	out, err := s.remote.Run(ctx, acting.Pod, segments.Psql(database, "", sql))
	return strings.TrimSpace(out), err
}

// Databases are those that allow connections.
func (s *SQL) Databases(ctx context.Context, acting Acting) ([]string, error) {
	out, err := s.Query(ctx, acting, "postgres", segments.DatabasesSQL)
	if err != nil {
		return nil, err
	}
	return segments.ParseNames(out)
}

// Number is SQL's answer as a whole number.
func (s *SQL) Number(ctx context.Context, acting Acting, database, sql string) (int64, error) {
	out, err := s.Query(ctx, acting, database, sql)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(out, 10, 64)
}
