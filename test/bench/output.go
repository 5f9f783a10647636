//go:build linux

package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"gpk/test/bench/internal/cluster"
)

// stages prints one line for each stage: its title when it begins, so that one
// sees what is waited for, and its time when it ends.
func stages(out io.Writer) cluster.Stage {
	return func(title string, work func() error) error {
		begin := time.Now()
		fmt.Fprintf(out, "%s ... ", title) //nolint:errcheck // who can't read it misses nothing else
		err := work()
		if err != nil {
			fmt.Fprintf(out, "failed (%s)\n", seconds(begin)) //nolint:errcheck // as above
			return err
		}
		fmt.Fprintf(out, "%s\n", seconds(begin)) //nolint:errcheck // as above
		return nil
	}
}

func seconds(since time.Time) string {
	return fmt.Sprintf("%.1f s", time.Since(since).Seconds())
}

func printStatus(out io.Writer, s cluster.Status) {
	fmt.Fprintf(out, "API server: %s\n", s.API) //nolint:errcheck // as above
	if len(s.Machines) == 0 {
		return
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "MACHINE\tADDRESS\tINIT\tSTATE") //nolint:errcheck // as above
	for _, m := range s.Machines {
		address := "-"
		if m.Address.IsValid() {
			address = m.Address.String()
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\n", m.Name, address, m.PID, m.State) //nolint:errcheck // as above
	}
	table.Flush() //nolint:errcheck // as above
	if s.Simulated > 0 {
		fmt.Fprintf(out, "simulated nodes: %d of %d ready\n", s.SimulatedReady, s.Simulated) //nolint:errcheck // as above
	}
}
