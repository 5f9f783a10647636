package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// What takes longer than the patience for it is tried again all the same, and is given up some time.
func TestUntilSlow(t *testing.T) {
	for fails, want := range map[int]int{0: 1, 1: 2, 9: 2} {
		synctest.Test(t, func(t *testing.T) {
			tries := 0
			err := Until(context.Background(), time.Minute, func(string) {}, func() ([]string, error) {
				time.Sleep(3 * time.Minute)
				if tries++; tries <= fails {
					return []string{"nobody listens"}, nil
				}
				return nil, nil
			}, "in vain: %s")
			if tries != want || (err != nil) != (fails >= want) {
				t.Errorf("of %d that fail: tried %d times, error %v", fails, tries, err)
			}
		})
	}
}
