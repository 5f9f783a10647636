package history

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Verdict is what is wrong with a history. An empty one is what a single coordinator that loses nothing could have done.
type Verdict struct {
	// Lost are the rows that were acknowledged and are not there at the end.
	Lost []int
	// Back are the rows that a read did not find although they had been acknowledged or read before.
	Back []int
	// Both says how two coordinators acted at a time; empty if they did not.
	Both string
}

// patience bounds the search for an order of the operations on one row.
const patience = 10 * time.Second

// Judge judges the operations of all clients and what a last read has found.
func Judge(ops []Op, final []int) (Verdict, error) {
	end := int64(0)
	for _, op := range ops {
		end = max(end, op.Call)
		if op.Return != never {
			end = max(end, op.Return)
		}
	}
	final = slices.Sorted(slices.Values(final))
	all := append(slices.Clone(ops), Op{Client: -1, Seen: final, Call: end + 1, Return: end + 2})
	v := Verdict{Both: both(ops)}
	for _, op := range ops {
		if op.Row == 0 {
			continue
		}
		_, there := slices.BinarySearch(final, op.Row)
		switch porcupine.CheckOperationsTimeout(row, of(op, all), patience) {
		case porcupine.Ok:
			continue
		case porcupine.Unknown:
			return v, fmt.Errorf("row %d: no order was found within %s", op.Row, patience)
		}
		if op.Acknowledged() && !there {
			v.Lost = append(v.Lost, op.Row)
		} else {
			v.Back = append(v.Back, op.Row)
		}
	}
	return v, nil
}

// row is one row of the table: once it is there it stays. All rows together are right if each one is, since linearizability is local.
var row = porcupine.Model{ //nolint:gochecknoglobals // porcupine wants it as a value, and it is constant
	Init: func() any { return false },
	Step: func(state, input, output any) (bool, any) {
		if input.(bool) { // a write
			return true, true
		}
		return output == state, state
	},
}

// of are the operations on the row of a write: itself, and each read by whether it has found the row.
func of(write Op, all []Op) []porcupine.Operation {
	history := []porcupine.Operation{{ClientId: write.Client + 1, Input: true, Call: write.Call, Output: true, Return: write.Return}}
	for _, op := range all {
		if op.Row != 0 {
			continue
		}
		_, found := slices.BinarySearch(op.Seen, write.Row)
		if !found && op.Return < write.Call {
			continue // it was not written yet
		}
		history = append(history, porcupine.Operation{ClientId: op.Client + 1, Input: false, Call: op.Call, Output: found, Return: op.Return})
	}
	return history
}

// both says where a coordinator answered what was asked after another one had answered what was asked after the first had: each coordinator
// acts for one stretch of time, and nobody else does within.
func both(ops []Op) string {
	answered := slices.DeleteFunc(slices.Clone(ops), func(o Op) bool { return o.Server == "" })
	slices.SortFunc(answered, func(a, b Op) int { return cmp.Compare(a.Return, b.Return) })
	first := map[string]Op{}
	for _, op := range answered {
		if _, known := first[op.Server]; !known {
			first[op.Server] = op
		}
	}
	for _, late := range answered {
		for server, between := range first {
			if server == late.Server || late.Call <= between.Return || between.Call <= first[late.Server].Return {
				continue
			}
			return fmt.Sprintf("%s answered after %s did, which answered after %s had", late.Server, server, late.Server)
		}
	}
	return ""
}
