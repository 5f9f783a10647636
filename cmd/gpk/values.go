package main

import (
	"fmt"
	"strings"
)

// brief shows two values in one line. Of long ones it shows the first line that differs.
func brief(from, to string) (string, string) {
	switch {
	case !strings.Contains(from+to, "\n"):
		return value(from), value(to)
	case from == "" || to == "":
		return lines(from), lines(to)
	}
	before, after := strings.Split(from, "\n"), strings.Split(to, "\n")
	at := 0
	for at < len(before)-1 && at < len(after)-1 && before[at] == after[at] {
		at++
	}
	a, b := fromDifference(before[at], after[at])
	return fmt.Sprintf("line %d: %q", at+1, a), fmt.Sprintf("%q", b)
}

// fromDifference are two lines from shortly before where they differ.
func fromDifference(a, b string) (string, string) {
	const width, before = 60, 20
	left, right := []rune(a), []rune(b)
	at := 0
	for at < min(len(left), len(right)) && left[at] == right[at] {
		at++
	}
	if start := at - before; start > before {
		return "…" + shorten(string(left[start:]), width), "…" + shorten(string(right[start:]), width)
	}
	return shorten(a, width), shorten(b, width)
}

func lines(text string) string {
	if text == "" {
		return "absent"
	}
	return fmt.Sprintf("%d lines", strings.Count(text, "\n"))
}

func value(text string) string {
	if text == "" {
		return "absent"
	}
	return shorten(text, 100)
}
