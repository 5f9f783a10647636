package engine

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Until tries until nothing is wrong any more, or patience is at its end. It begins when the first try has ended: of a large cluster
// one may take longer than that, and what was not well yet is tried again in any case. fault is the format of the error, which is given
// what was wrong last.
func Until(ctx context.Context, patience time.Duration, progress func(string), try func() (wrong []string, err error), fault string) error {
	var end time.Time
	for {
		wrong, err := try()
		if err != nil || len(wrong) == 0 {
			return err
		}
		switch now := time.Now(); {
		case end.IsZero():
			end = now.Add(patience)
		case now.After(end):
			return fmt.Errorf(fault, Few(wrong))
		}
		progress(FirstOf(wrong))
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

func Sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
