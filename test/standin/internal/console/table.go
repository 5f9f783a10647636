package console

import "strings"

// Table prints rows in aligned columns, three spaces apart and behind three
// spaces, as the utilities do. A warning row is led by no spaces and ends in
// arrows.
type Table struct {
	rows []tableRow
}

type tableRow struct {
	cells   []string
	warning bool
	rule    bool
}

// Row adds a row.
func (t *Table) Row(cells ...string) { t.rows = append(t.rows, tableRow{cells: cells}) }

// WarnRow adds a row that is printed as a warning.
func (t *Table) WarnRow(cells ...string) {
	t.rows = append(t.rows, tableRow{cells: cells, warning: true})
}

// RowOrWarn adds a warning row if bad, else a row.
func (t *Table) RowOrWarn(bad bool, cells ...string) {
	t.rows = append(t.rows, tableRow{cells: cells, warning: bad})
}

// Rule adds a line of dashes.
func (t *Table) Rule() { t.rows = append(t.rows, tableRow{rule: true}) }

// HasWarnings tells whether any row is a warning.
func (t *Table) HasWarnings() bool {
	for _, r := range t.rows {
		if r.warning {
			return true
		}
	}
	return false
}

// Print writes the table.
func (t *Table) Print(l *Log) {
	var widths []int
	for _, r := range t.rows {
		for i, c := range r.cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], len(c))
		}
	}
	for _, r := range t.rows {
		if r.rule {
			l.Rule(52)
			continue
		}
		var b strings.Builder
		for i, c := range r.cells {
			if i > 0 {
				b.WriteString("   ")
			}
			b.WriteString(c)
			if i < len(r.cells)-1 {
				b.WriteString(strings.Repeat(" ", widths[i]-len(c)))
			}
		}
		if r.warning {
			l.Print(Warning, "%s   <<<<<<<<", b.String())
			continue
		}
		l.Info("   %s", b.String())
	}
}
