package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

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

// TimeoutError is Until's error when its patience ends.
type TimeoutError struct{ text string }

// Error has the last faults.
func (e *TimeoutError) Error() string { return e.text }

// Until tries until it finds no fault, or for as long as patience. That begins when the first try has ended: in a large cluster one try
// may take longer, and a fault is tried again in any case. A Passing error is a fault. format is that of the TimeoutError, which has the
// last faults.
func Until(ctx context.Context, patience time.Duration, progress func(string), try func() (faults []string, err error),
	format string) error {
	var end time.Time
	for {
		faults, err := try()
		if passing(err) {
			faults, err = []string{err.Error()}, nil
		}
		if err != nil || len(faults) == 0 {
			return err
		}
		switch now := time.Now(); {
		case end.IsZero():
			end = now.Add(patience)
		case now.After(end):
			return &TimeoutError{fmt.Sprintf(format, Few(faults))}
		}
		progress(FirstOf(faults))
		if err := Sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

// Few are the first of many faults.
func Few(faults []string) string {
	const most = 5
	if len(faults) <= most {
		return strings.Join(faults, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(faults[:most], "; "), len(faults)-most)
}

// Sleep waits, and ends early with the cause of the context's end.
func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
