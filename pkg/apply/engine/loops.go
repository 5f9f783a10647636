package engine

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"
)

// parallel is how many requests or execs gpk runs at once.
const parallel = 64

// Each calls do for every item, a bounded number at once. After a failure it starts no further ones.
func Each[T any](ctx context.Context, items []T, do func(context.Context, int, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, item := range items {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return do(ctx, i, item) })
	}
	return group.Wait()
}

// Lower are names in the lower case.
func Lower(names []string) []string {
	folded := make([]string, len(names))
	for i, name := range names {
		folded[i] = strings.ToLower(name)
	}
	return folded
}
