package database

import (
	"context"
	"fmt"
	"strings"

	"gpk/pkg/apply/engine"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// WriteHBA puts gpk's block into pg_hba.conf of an instance.
func (d *Database) WriteHBA(ctx context.Context, pod, dir, block string) error {
	_, _, err := d.replaceHBA(ctx, pod, dir, block)
	return err
}

// replaceHBA does so, and says what the file was and is.
func (d *Database) replaceHBA(ctx context.Context, pod, dir, block string) (before, after string, err error) {
	if before, err = d.remote.Run(ctx, pod, segments.ReadHBA(dir)); err != nil {
		return "", "", err
	}
	after = segments.ReplaceHBA(before, block)
	_, err = d.remote.Run(ctx, pod, segments.WriteHBA(dir, before, after))
	return before, after, err
}

// OfferHBA puts gpk's block into pg_hba.conf of the acting coordinator, and takes it back if the server refuses a line. It
// would go on by the rules that it has got, and not start with these.
func (d *Database) OfferHBA(ctx context.Context, acting Acting, block string) error {
	before, after, err := d.replaceHBA(ctx, acting.Pod, topology.CoordinatorDir, block)
	if err != nil {
		return err
	}
	refused, err := d.RefusedHBA(ctx, acting, after)
	if err != nil || len(refused) == 0 {
		return err
	}
	failure := fmt.Errorf("%s; the file from before is back", strings.Join(refused, "; "))
	if before == after {
		failure = fmt.Errorf("%s; the coordinator goes by the rules from before, but would not start again with this file",
			strings.Join(refused, "; "))
	} else if _, err := d.remote.Run(ctx, acting.Pod, segments.WriteHBA(topology.CoordinatorDir, after, before)); err != nil {
		failure = fmt.Errorf("%s; the file from before could not be put back, and the coordinator would not start again with this one: %w",
			strings.Join(refused, "; "), err)
	}
	return &engine.NextError{Err: failure, Next: engine.Next("correct it, in spec.database.hba if it is from there, and run the same command again")}
}

// RefusedHBA says in words which lines of pg_hba.conf the acting coordinator refuses, with the lines themselves if there
// is the file's content.
func (d *Database) RefusedHBA(ctx context.Context, acting Acting, content string) ([]string, error) {
	out, err := d.Query(ctx, acting, "postgres", segments.RefusedHBASQL)
	if err != nil {
		return nil, err
	}
	refused, err := segments.ParseRefusedHBA(out)
	said := make([]string, len(refused))
	lines := strings.Split(content, "\n")
	for i, r := range refused {
		said[i] = fmt.Sprintf("the coordinator refuses line %d of %s/pg_hba.conf in pod %s", r.Line, topology.CoordinatorDir, acting.Pod)
		if content != "" && r.Line > 0 && r.Line <= len(lines) {
			said[i] += fmt.Sprintf(", %q", lines[r.Line-1])
		}
		said[i] += ": " + r.Error
	}
	return said, err
}
