//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBench brings up an instance of its own, beside any that runs, uses it as
// tests do, kills it in several ways, and compares the host before and after.
// It needs root and some minutes, so it runs only when asked for.
func TestBench(t *testing.T) {
	if os.Getenv("GPK_BENCH_E2E") == "" {
		t.Skip("set GPK_BENCH_E2E=1 to bring up a bench, as root")
	}
	b := newBenchUnderTest(t)
	before := footprint(t)
	t.Cleanup(func() { b.run(t, "down") })

	begin := time.Now()
	b.run(t, "up", "--nodes", "2")
	if took := time.Since(begin); took > 30*time.Second {
		t.Errorf("up of a built bench took %s, want 30 s at most", took.Round(time.Second))
	}
	begin = time.Now()
	b.run(t, "up")
	if took := time.Since(begin); took > 3*time.Second {
		t.Errorf("up of a bench that is up took %s", took.Round(time.Second))
	}
	if said := b.fail(t, "up", "--nodes", "1"); !strings.Contains(said, "bench-down") {
		t.Errorf("up with fewer nodes doesn't say what to do: %s", said)
	}
	b.run(t, "load", busyboxImage(t))

	c := b.cluster(t)
	t.Run("pods", func(t *testing.T) { testPods(t, c) })
	t.Run("missing image", func(t *testing.T) { testMissingImage(t, c) })
	t.Run("NetworkPolicies", func(t *testing.T) { testPolicies(t, c) })
	t.Run("node lost", func(t *testing.T) { testLostNode(t, b, c) })
	t.Run("node partitioned", func(t *testing.T) { testPartition(t, b, c) })
	t.Run("API server restarted", func(t *testing.T) { testAPIServerRestarted(t, b, c) })
	t.Run("simulated nodes", func(t *testing.T) { testSimulated(t, b, c) })
	t.Run("killed, then up", func(t *testing.T) {
		b.killEverything(t)
		b.fail(t, "status")
		b.run(t, "up")
		b.run(t, "status")
		testDataIsBack(t, b.cluster(t))
	})
	t.Run("switch killed, then up", func(t *testing.T) {
		b.killMachine(t, "switch")
		b.run(t, "up")
		testDataIsBack(t, b.cluster(t))
	})
	t.Run("grown", func(t *testing.T) {
		b.run(t, "up", "--nodes", "3")
		b.run(t, "status")
	})
	t.Run("a thousand simulated nodes", func(t *testing.T) { testThousand(t, b, b.cluster(t)) })
	t.Run("killed, then down", func(t *testing.T) {
		b.killEverything(t)
		b.run(t, "down")
		b.compare(t, before, footprint(t))
	})
	t.Run("up killed halfway, then down", func(t *testing.T) {
		for _, milliseconds := range []int{30, 100, 300, 1000} {
			b.killUp(t, time.Duration(milliseconds)*time.Millisecond)
			b.run(t, "down")
			b.compare(t, before, footprint(t))
		}
	})
	t.Run("up killed halfway, then up", func(t *testing.T) {
		// What was half made dies by itself, but not before the next up looks.
		for _, milliseconds := range []int{60, 100, 200} {
			b.killUp(t, time.Duration(milliseconds)*time.Millisecond)
			b.run(t, "up", "--nodes", "2")
			b.run(t, "down")
			b.compare(t, before, footprint(t))
		}
	})
	t.Run("down without a record", func(t *testing.T) {
		b.run(t, "up", "--nodes", "1")
		if err := os.Remove(filepath.Join(b.dir, "run", "state.json")); err != nil {
			t.Fatal(err)
		}
		b.run(t, "down")
		b.run(t, "down") // again is no fault
		b.compare(t, before, footprint(t))
	})
}
