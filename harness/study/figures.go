package study

import (
	"math"

	"lsmlab/harness/figure"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// figureOf returns a figure of a cell, one of package figure or of the cell's own field
// "figures"; ok is false if the cell has none. A figure of its own may rightly be zero.
func figureOf(c result.Cell, name string) (v float64, ok bool) {
	if f, known := figure.ByName(name); known {
		v = f.Of(c)
		return v, v > 0 && !math.IsInf(v, 0)
	}
	v, ok = c.Figures[name]
	return v, ok
}

// values returns what a measure picks, by round.
func (m Measure) values(cells map[string][]result.Cell) map[int]float64 {
	out := map[int]float64{}
	for _, c := range cells[m.Part] {
		if !c.OK() || c.Engine != m.Contender || c.Workload != m.Work ||
			m.Durability != "" && c.Durability != m.Durability || m.Threads != 0 && c.Threads != m.Threads {
			continue
		}
		if v, ok := figureOf(c, m.Figure); ok {
			out[c.Round] = v
		}
	}
	switch {
	case m.Per != nil:
		return combine(out, m.Per.values(cells), func(a, b float64) float64 { return a / b })
	case m.Less != nil:
		return combine(out, m.Less.values(cells), func(a, b float64) float64 { return a - b })
	}
	return out
}

// combine combines the values of the rounds that both sides have.
func combine(a, b map[int]float64, f func(a, b float64) float64) map[int]float64 {
	out := map[int]float64{}
	for round, v := range a {
		if w, ok := b[round]; ok {
			if c := f(v, w); !math.IsNaN(c) && !math.IsInf(c, 0) {
				out[round] = c
			}
		}
	}
	return out
}

// Summarize summarizes what a measure picks.
func Summarize(m Measure, cells map[string][]result.Cell) stat.Summary {
	return stat.SummarizeRounds(m.values(cells))
}
