package apply

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// until tries until nothing is wrong any more, or patience is at its end. fault is the format of the error, which is given
// what was wrong last.
func until(ctx context.Context, patience time.Duration, progress func(string), try func() (wrong []string, err error), fault string) error {
	for end := time.Now().Add(patience); ; {
		wrong, err := try()
		if err != nil || len(wrong) == 0 {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf(fault, few(wrong))
		}
		progress(firstOf(wrong))
		if err := sleep(ctx, 500*time.Millisecond); err != nil {
			return err
		}
	}
}

// few are the first of many faults.
func few(faults []string) string {
	const most = 5
	if len(faults) <= most {
		return strings.Join(faults, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(faults[:most], "; "), len(faults)-most)
}
