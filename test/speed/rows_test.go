package main

import (
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		samples []float64
		want    float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 4}, 4},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(c.samples); got != c.want {
			t.Errorf("median of %v: %v", c.samples, got)
		}
	}
}

func TestRowsValue(t *testing.T) {
	for _, c := range []struct {
		row   row
		value float64
		met   bool
	}{
		{row{ours: []float64{2}, wanted: bound{value: 2}}, 2, true},
		{row{ours: []float64{2.1}, wanted: bound{value: 2}}, 2.1, false},
		{row{ours: []float64{10}, against: "x", theirs: []float64{40}, wanted: bound{value: 0.5}}, 0.25, true},
		{row{ours: []float64{30}, against: "x", theirs: []float64{40}, wanted: bound{value: 0.5}}, 0.75, false},
		{row{ours: []float64{2}, against: "x", theirs: []float64{60}, wanted: bound{20, true}}, 30, true},
		{row{ours: []float64{2}, against: "x", theirs: []float64{1}, wanted: bound{0.7, true}}, 0.5, false},
	} {
		if value := c.row.value(); value != c.value || c.row.wanted.met(value) != c.met {
			t.Errorf("%+v: value %v, met %t", c.row, value, c.row.wanted.met(value))
		}
	}
}

func TestTable(t *testing.T) {
	var out strings.Builder
	err := table(&out, []row{{what: "create", ours: []float64{21, 20, 22}, unit: "s", against: "by hand", theirs: []float64{42}, wanted: bound{value: 0.5}}})
	want := `| what   | gpk          | against | theirs       | ratio | wanted | met |
| ---    | ---          | ---     | ---          | ---   | ---    | --- |
| create | 21 s (20–22) | by hand | 42 s (42–42) | 0.50  | ≤ 0.5  | yes |
`
	if err != nil || out.String() != want {
		t.Errorf("%v\n%s", err, out.String())
	}
}

func TestChoose(t *testing.T) {
	if chosen, err := choose(""); err != nil || len(chosen) != len(parts()) {
		t.Errorf("%v %v", chosen, err)
	}
	if chosen, err := choose("apply,plan"); err != nil || len(chosen) != 2 || chosen[0].name != "apply" {
		t.Errorf("%v %v", chosen, err)
	}
	if _, err := choose("plan,nothing"); err == nil {
		t.Error("a part that is not there was chosen")
	}
}
