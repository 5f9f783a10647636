package database

import (
	"context"
	"fmt"
	"strings"

	"gpk/pkg/apply/engine"
	"gpk/pkg/apply/remote"
	"gpk/pkg/segments"
	"gpk/pkg/topology"
)

// ClientAuthentication writes gpk's block of pg_hba.conf.
type ClientAuthentication struct {
	remote *remote.Pods
	sql    *SQL
}

// WriteHBA writes gpk's block into pg_hba.conf of an instance.
func (c *ClientAuthentication) WriteHBA(ctx context.Context, pod, dir, block string) error {
	_, _, err := c.replaceHBA(ctx, pod, dir, block)
	return err
}

// replaceHBA writes the block, and gives the file's content before and after that.
func (c *ClientAuthentication) replaceHBA(ctx context.Context, pod, dir, block string) (before, after string, err error) {
	if before, err = c.remote.Run(ctx, pod, segments.ReadHBA(dir)); err != nil {
		return "", "", err
	}
	after = segments.ReplaceHBA(before, block)
	_, err = c.remote.Run(ctx, pod, segments.WriteHBA(dir, before, after))
	return before, after, err
}

// OfferHBA writes the block into pg_hba.conf of the acting coordinator. It restores the file if the server refuses a line. The server
// would continue with the rules that it has read, but would not start with these.
func (c *ClientAuthentication) OfferHBA(ctx context.Context, acting Acting, block string) error {
	before, after, err := c.replaceHBA(ctx, acting.Pod, topology.CoordinatorDir, block)
	if err != nil {
		return err
	}
	refused, err := c.RefusedHBA(ctx, acting, after)
	if err != nil || len(refused) == 0 {
		return err
	}
	lines := strings.Join(refused, "; ")
	failure := fmt.Errorf("%s; gpk has restored the previous file", lines)
	if before == after {
		failure = fmt.Errorf("%s; the coordinator still uses the previous rules, but would not start again with this file", lines)
	} else if _, err := c.remote.Run(ctx, acting.Pod, segments.WriteHBA(topology.CoordinatorDir, after, before)); err != nil {
		failure = fmt.Errorf("%s; gpk could not restore the previous file, and the coordinator would not start again with this one: %w",
			lines, err)
	}
	return &engine.NextError{Err: failure,
		Next: engine.Next("correct the line, in spec.database.hba if it is from there, and run the same command again")}
}

// RefusedHBA lists the lines of pg_hba.conf that the acting coordinator refuses, with their text if content is the file's.
func (c *ClientAuthentication) RefusedHBA(ctx context.Context, acting Acting, content string) ([]string, error) {
	out, err := c.sql.Query(ctx, acting, "postgres", segments.RefusedHBASQL)
	if err != nil {
		return nil, err
	}
	refused, err := segments.ParseRefusedHBA(out)
	faults := make([]string, len(refused))
	lines := strings.Split(content, "\n")
	for i, r := range refused {
		faults[i] = fmt.Sprintf("the coordinator refuses line %d of %s/pg_hba.conf in pod %s", r.Line, topology.CoordinatorDir, acting.Pod)
		if content != "" && r.Line > 0 && r.Line <= len(lines) {
			faults[i] += fmt.Sprintf(", %q", topology.HideSecrets(lines[r.Line-1]))
		}
		faults[i] += ": " + topology.HideSecrets(r.Error)
	}
	return faults, err
}
