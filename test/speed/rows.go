package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"text/tabwriter"
)

// row is one line of the result: what gpk needs, what the other way needs, and the bound that is wanted.
type row struct {
	what string
	ours []float64
	// unit is of ours and theirs.
	unit string
	// against names the other way. Without one, the bound is of ours itself.
	against string
	theirs  []float64
	wanted  bound
}

// bound is of a value: at most, or at least if least is set. None for 0: the row is there to be read.
type bound struct {
	value float64
	least bool
}

func (b bound) String() string {
	sign := "≤"
	switch {
	case b.value == 0:
		return ""
	case b.least:
		sign = "≥"
	}
	return fmt.Sprintf("%s %.4g", sign, b.value)
}

func (b bound) met(value float64) bool {
	if b.least {
		return value >= b.value
	}
	return value <= b.value
}

// value is what the bound is about. A least one is of speeds, so the ratio of the times is turned round.
func (r row) value() float64 {
	switch {
	case r.against == "":
		return median(r.ours)
	case r.wanted.least:
		return median(r.theirs) / median(r.ours)
	}
	return median(r.ours) / median(r.theirs)
}

// median is the middle of the samples, or between the two middle ones.
func median(samples []float64) float64 {
	sorted := slices.Sorted(slices.Values(samples))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// table prints rows as Markdown, which docs/speed.md can take as it is.
func table(out io.Writer, rows []row) error {
	columns := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	_, _ = fmt.Fprintf(columns, "| what\t| gpk\t| against\t| theirs\t| ratio\t| wanted\t| met\t|\n")
	_, _ = fmt.Fprintf(columns, "| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t| ---\t|\n")
	for _, r := range rows {
		theirs, ratio, met := "", "", ""
		if r.against != "" {
			theirs, ratio = amount(r.theirs, r.unit), fmt.Sprintf("%.2f", r.value())
		}
		switch {
		case r.wanted.value == 0:
		case r.wanted.met(r.value()):
			met = "yes"
		default:
			met = "no"
		}
		_, _ = fmt.Fprintf(columns, "| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t| %s\t|\n",
			r.what, amount(r.ours, r.unit), r.against, theirs, ratio, r.wanted, met)
	}
	return columns.Flush()
}

// amount is the median with the smallest and the largest sample.
func amount(samples []float64, unit string) string {
	return fmt.Sprintf("%.3g %s (%.3g–%.3g)", median(samples), unit, slices.Min(samples), slices.Max(samples))
}

// machine says what the numbers were measured on.
func machine() string {
	model := "unknown processor"
	if data, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(data)) {
			if name, value, found := strings.Cut(line, ":"); found && strings.TrimSpace(name) == "model name" {
				model = strings.TrimSpace(value)
				break
			}
		}
	}
	return fmt.Sprintf("%s/%s, %d × %s", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), model)
}
