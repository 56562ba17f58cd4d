package page

import (
	"math"
	"strconv"

	"lsmlab/harness/human"
	"lsmlab/reports/chart"
)

// Table is a table that sorts by any column.
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

// Cell is one field: what is read, and what it sorts by.
type Cell struct {
	Text string
	Sort string // of a number: in full; empty sorts last
	Head bool   // names its row
}

// Text returns a field of words.
func Text(s string) Cell { return Cell{Text: s, Sort: s} }

// Head returns the field that names its row.
func Head(s string) Cell { return Cell{Text: s, Sort: s, Head: true} }

// Number returns a field with v in its unit; what is no number is a dash.
func Number(v float64, u chart.Unit) Cell {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return Cell{Text: "–"}
	}
	return Cell{Text: u.Format(v), Sort: strconv.FormatFloat(v, 'g', 9, 64)}
}

// Int returns a field with a whole number in full.
func Int(v int64) Cell {
	return Cell{Text: human.Thousands(strconv.FormatInt(v, 10)), Sort: strconv.FormatInt(v, 10)}
}
