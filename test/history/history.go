// Package history judges what clients of a database saw while its coordinator was replaced: whether a row that was acknowledged is gone,
// whether a read went back to before another one, and whether two coordinators acted.
//
// The clients run in pods of one machine, so that their times are of one clock. Each writes down what it does, a line for each:
//
//	b ROW CALL                    it is about to write a row
//	w ROW CALL RETURN SERVER      the row was acknowledged, by the coordinator at that address
//	r CALL RETURN SERVER ROW,ROW  what it read of all rows
//
// Times are in seconds with six decimals. A row that was begun and has no `w` may be written or not, now or later.
package history

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Op is a write of one row, or a read of all.
type Op struct {
	Client int
	// Row is what was written, and 0 for a read.
	Row int
	// Seen are the rows that a read found, in order.
	Seen []int
	// Call and Return are in microseconds. A write that nobody has acknowledged has no end.
	Call, Return int64
	// Server is the address of the coordinator that answered; empty if none did.
	Server string
}

// never is later than all that happens.
const never = math.MaxInt64

// Acknowledged says whether a client knows that its row is written.
func (o Op) Acknowledged() bool { return o.Row != 0 && o.Return != never }

// Parse reads what a client wrote down. A last line that was cut off by its pod's end counts as not written.
func Parse(client int, text string) ([]Op, error) {
	var ops []Op
	at := map[int]int{}
	whole, _, _ := cutLast(text, "\n")
	for line := range strings.SplitSeq(whole, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		op, err := parseLine(words)
		if err != nil {
			return nil, fmt.Errorf("client %d: %q: %w", client, line, err)
		}
		op.Client = client
		// A row that was begun is known by its acknowledgement, if there is one.
		if begun, found := at[op.Row]; op.Row != 0 && found {
			ops[begun] = op
			continue
		}
		at[op.Row] = len(ops)
		ops = append(ops, op)
	}
	return ops, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return "", s, false
}

func parseLine(words []string) (op Op, err error) {
	word := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch {
	case words[0] == "b" && len(words) == 3:
		op = Op{Row: number(word(1), &err), Call: moment(word(2), &err), Return: never}
	case words[0] == "w" && len(words) == 5:
		op = Op{Row: number(word(1), &err), Call: moment(word(2), &err), Return: moment(word(3), &err), Server: word(4)}
	case words[0] == "r" && (len(words) == 4 || len(words) == 5):
		op = Op{Call: moment(word(1), &err), Return: moment(word(2), &err), Server: word(3)}
		for row := range strings.SplitSeq(word(4), ",") {
			if row != "" {
				op.Seen = append(op.Seen, number(row, &err))
			}
		}
		slices.Sort(op.Seen)
	default:
		err = fmt.Errorf("no such line")
	}
	return op, err
}

func number(word string, failed *error) int {
	n, err := strconv.Atoi(word)
	if err != nil && *failed == nil {
		*failed = err
	}
	return n
}

// moment is a time such as 1700000000.123456 in microseconds.
func moment(word string, failed *error) int64 {
	seconds, fraction, _ := strings.Cut(word, ".")
	micros := int64(number(seconds, failed)) * 1_000_000
	return micros + int64(number((fraction + "000000")[:6], failed))
}
