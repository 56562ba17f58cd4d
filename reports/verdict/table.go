package verdict

import (
	"fmt"
	"math"

	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// Schema is the version of verdict.json. Fields are added without raising it.
const Schema = 1

// Table is the content of verdict.json: a row for each engine, a column for each question.
type Table struct {
	Schema   int      `json:"schema"`
	Command  string   `json:"command"`
	Baseline string   `json:"baseline,omitempty"` // the engine whose ratio is 1
	Columns  []Column `json:"columns"`
	Rows     []Row    `json:"rows"`
}

// Column is a question.
type Column struct {
	ID     string `json:"id"` // of the part and the question
	Family string `json:"family"`
	Title  string `json:"title"`
	Higher bool   `json:"higher_is_better"` // of figures
	Figure bool   `json:"figure"`           // answers have a value; else they are words
	Unit   string `json:"unit,omitempty"`   // of values; "1" has none
	Best   string `json:"best,omitempty"`   // a sentence on the best engine
}

// Row is what is known of an engine.
type Row struct {
	Engine string `json:"engine"`
	Cells  []Cell `json:"cells"` // as many as there are columns
}

// Verdicts of a cell.
const (
	Baseline   = "baseline"
	Better     = "better"
	Worse      = "worse"
	Unresolved = "not resolved"
	TooFew     = "too few rounds"
	Sound      = "sound"
	Finding    = "finding"
)

// Cell is the answer of one engine to one question. Zero is "not known" in every number.
type Cell struct {
	Text    string `json:"text"`              // as on the page
	Verdict string `json:"verdict,omitempty"` // empty: not measured, or the baseline is not
	// NotMeasured says why there is no answer.
	NotMeasured string `json:"not_measured,omitempty"`
	// Evidence is the page of the run that the answer comes from, relative to verdict.json.
	Evidence string `json:"evidence,omitempty"`

	Value  float64 `json:"value,omitempty"`  // median of the rounds, in the unit of the column
	Rounds int     `json:"rounds,omitempty"` // behind the value
	// Ratio is that to the baseline within rounds, Lo and Hi its 95% interval, P that of the
	// t test by Holm's correction, and Resolution the least ratio that these rounds could
	// have shown: see stat.Ratio.
	Ratio      float64 `json:"ratio,omitempty"`
	Lo         float64 `json:"lo,omitempty"`
	Hi         float64 `json:"hi,omitempty"`
	P          float64 `json:"p_adjusted,omitempty"`
	Resolution float64 `json:"resolution,omitempty"`
	States     int64   `json:"states,omitempty"` // distinct crash states that were judged
}

// notMeasured is the cell of an engine without an answer.
func notMeasured(why, evidence string) Cell {
	return Cell{Text: "not measured: " + why, NotMeasured: why, Evidence: evidence}
}

// compared fills in a ratio to the baseline, judged within its family, and says so.
func (c *Cell) compared(q stat.Ratio, higher bool) {
	if !q.OK() {
		return // the baseline has no figure: the value stands alone
	}
	c.Ratio, c.Lo, c.Hi, c.P, c.Resolution = q.Value, orZero(q.Lo), orZero(q.Hi), q.Adjusted, orZero(q.Resolution)
	switch {
	case q.TooFew():
		c.Verdict = TooFew
		c.Text += ", " + TooFew
	case !q.Resolved():
		c.Verdict = Unresolved
		c.Text += fmt.Sprintf(", %s (%s)", Unresolved, chart.UnitTimes.Format(q.Resolution))
	default:
		c.Verdict = Worse
		if (q.Value > 1) == higher {
			c.Verdict = Better
		}
		c.Text += fmt.Sprintf(", %s", chart.UnitTimes.Format(q.Value))
	}
}

func orZero(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0 // JSON has no such number
	}
	return v
}
