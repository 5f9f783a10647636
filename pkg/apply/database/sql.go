package database

import (
	"context"
	"strconv"
	"strings"

	"gpk/pkg/segments"
)

// Query runs SQL on the acting coordinator and returns what it printed, without the last newline.
func (s *SQL) Query(ctx context.Context, acting Acting, database, sql string) (string, error) {
	out, err := s.remote.Run(ctx, acting.Pod, segments.Psql(database, "", sql))
	return strings.TrimSpace(out), err
}

// Databases are those that can be connected to.
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
