package page

import (
	"math"
	"strconv"

	"lsmlab/harness/human"
	"lsmlab/reports/chart"
)

// Table is a table that readers can sort by any column.
type Table struct {
	ID, Caption string
	Head        []Column
	Rows        [][]Cell // each as long as Head
}

// Column is the head of a column.
type Column struct {
	Name    string
	Numeric bool
}

// Cell is one field: its text, and the key by which it sorts.
type Cell struct {
	Text string
	Sort string // a number with all digits; empty sorts last
	Head bool   // the field names its row
	Link string // where the evidence is, relative to the page; empty: no link
}

// Text returns a field with text.
func Text(s string) Cell { return Cell{Text: s, Sort: s} }

// Head returns the field that names its row.
func Head(s string) Cell { return Cell{Text: s, Sort: s, Head: true} }

// Number returns a field with v in its unit. It shows a dash if v is not a finite
// number.
func Number(v float64, u chart.Unit) Cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Cell{Text: "–"}
	}
	return Cell{Text: u.Format(v), Sort: strconv.FormatFloat(v, 'g', 9, 64)}
}

// Int returns a field with a whole number, with all digits.
func Int(v int64) Cell {
	return Cell{Text: human.Thousands(strconv.FormatInt(v, 10)), Sort: strconv.FormatInt(v, 10)}
}
