package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// finding is where a rule found something.
type finding struct {
	file, kind    string
	line          int
	rule, message string
}

// check has Vale read all passages at once, each a line and an empty one behind it, and finds the places of what it reports.
func check(ctx context.Context, vale string, passages []passage) ([]finding, error) {
	var text bytes.Buffer
	for _, p := range passages {
		text.WriteString(p.String() + "\n\n")
	}
	command := exec.CommandContext(ctx, vale, "--no-global", "--no-exit", "--output=JSON", "--ext=.md")
	command.Stdin = &text
	var problems strings.Builder
	command.Stderr = &problems
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %s%s", vale, err, output, problems.String())
	}
	var alerts map[string][]struct {
		Check, Message string
		Line           int
		Span           []int
	}
	if err := json.Unmarshal(output, &alerts); err != nil {
		return nil, fmt.Errorf("what %s printed: %w: %s", vale, err, output)
	}
	var found []finding
	for _, ofFile := range alerts {
		for _, alert := range ofFile {
			p := passages[(alert.Line-1)/2]
			f := finding{file: p.file, kind: p.kind, line: p.at(alert.Span[0] - 1), rule: alert.Check}
			f.message = strings.Join(strings.Fields(alert.Message), " ")
			found = append(found, f)
		}
	}
	slices.SortStableFunc(found, func(a, b finding) int {
		return strings.Compare(fmt.Sprintf("%s:%06d:%s", a.file, a.line, a.rule), fmt.Sprintf("%s:%06d:%s", b.file, b.line, b.rule))
	})
	return found, nil
}
