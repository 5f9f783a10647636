package engine

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Each calls do for every item, a bounded number at once. One failure stops what has not been started.
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

func Lower(names []string) []string {
	folded := make([]string, len(names))
	for i, name := range names {
		folded[i] = strings.ToLower(name)
	}
	return folded
}

func NonEmpty(words []string) []string {
	var found []string
	for _, word := range words {
		if word != "" {
			found = append(found, word)
		}
	}
	return found
}

// parallel is how many requests or execs gpk has under way at once.
const parallel = 64
