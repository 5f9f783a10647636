package history

import (
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	ops, err := Parse(3, "b 1 10.5\nw 1 10.5 11.000001 10.0.0.1\nb 2 12.0\nr 13.0 13.25 10.0.0.1 2,1\nr 14.0 14.1 10.0.0.1\nw 3 15.0 15.1 10.0")
	if err != nil || len(ops) != 4 {
		t.Fatalf("%+v, error %v", ops, err)
	}
	if got := ops[0]; got.Row != 1 || got.Call != 10_500_000 || got.Return != 11_000_001 || got.Server != "10.0.0.1" || got.Client != 3 {
		t.Errorf("%+v", got)
	}
	if got := ops[1]; got.Row != 2 || got.Acknowledged() {
		t.Errorf("%+v", got)
	}
	if got := ops[2]; !slices.Equal(got.Seen, []int{1, 2}) || got.Return != 13_250_000 {
		t.Errorf("%+v", got)
	}
	for _, line := range []string{"w 1 10.0 11.0\n", "x\n", "w one 1.0 2.0 s\n", "r 1.0 2.0 s 1,x\n"} {
		if _, err := Parse(0, line); err == nil {
			t.Errorf("%q is read", line)
		}
	}
}

// Each kind of fault is seen, and what may happen is none.
func TestJudge(t *testing.T) {
	tests := map[string]struct {
		said  string
		final []int
		lost  []int
		back  []int
		both  bool
	}{
		"all is well":                             {"w 1 1.0 2.0 a\nr 3.0 4.0 a 1\nw 2 5.0 6.0 b\nr 7.0 8.0 b 1,2\n", []int{1, 2}, nil, nil, false},
		"a row that nobody acknowledged is gone":  {"b 1 1.0\nr 3.0 4.0 a\n", nil, nil, nil, false},
		"and one came later":                      {"b 1 1.0\nr 3.0 4.0 a\nr 5.0 6.0 b 1\n", []int{1}, nil, nil, false},
		"a read that overlaps the write":          {"w 1 1.0 4.0 a\nr 2.0 3.0 a\n", []int{1}, nil, nil, false},
		"a row is lost":                           {"w 1 1.0 2.0 a\nw 2 3.0 4.0 b\n", []int{2}, []int{1}, nil, false},
		"a read goes back to before a write":      {"w 1 1.0 2.0 a\nr 3.0 4.0 a\n", []int{1}, nil, []int{1}, false},
		"a read goes back to before another read": {"b 1 1.0\nr 2.0 3.0 a 1\nr 4.0 5.0 b\n", []int{1}, nil, []int{1}, false},
		"a row that was read is gone":             {"b 1 1.0\nr 2.0 3.0 a 1\n", nil, nil, []int{1}, false},
		"two coordinators": {
			"w 1 1.0 2.0 a\nw 2 3.0 4.0 b\nw 3 5.0 6.0 a\n", []int{1, 2, 3}, nil, nil, true},
		"two, of which one only reads": {
			"r 1.0 2.0 a\nw 2 3.0 4.0 b\nr 5.0 6.0 a 2\n", []int{2}, nil, nil, true},
		"an answer that was long on its way": {
			"w 1 1.0 2.0 a\nw 3 3.0 9.0 a\nw 2 5.0 6.0 b\n", []int{1, 2, 3}, nil, nil, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			ops, err := Parse(0, test.said)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Judge(ops, test.final)
			if err != nil || !slices.Equal(v.Lost, test.lost) || !slices.Equal(v.Back, test.back) || (v.Both != "") != test.both {
				t.Errorf("%+v, error %v", v, err)
			}
		})
	}
}

// A long history is judged in no time: each row by itself.
func TestJudgeMany(t *testing.T) {
	var b strings.Builder
	var rows []string
	var final []int
	for i := range 400 {
		row := i + 1
		at := float64(row)
		rows = append(rows, strconv.Itoa(row))
		final = append(final, row)
		b.WriteString("w " + strconv.Itoa(row) + " " + seconds(at) + " " + seconds(at+0.4) + " a\n")
		b.WriteString("r " + seconds(at+0.5) + " " + seconds(at+0.6) + " a " + strings.Join(rows, ",") + "\n")
	}
	ops, err := Parse(0, b.String())
	if err != nil {
		t.Fatal(err)
	}
	if v, err := Judge(ops, final); err != nil || len(v.Lost)+len(v.Back) > 0 {
		t.Errorf("%+v, error %v", v, err)
	}
}

func seconds(at float64) string { return strconv.FormatFloat(at, 'f', 6, 64) }
