package target

import (
	"slices"

	"lsmlab/harness/figure"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
)

// The verdicts on a line.
const (
	Met         = "met"
	NotMet      = "not met"
	NotMeasured = "not measured" // our engines or the peers have no cell for this line
)

// Row is a line with what the run shows.
type Row struct {
	result.TargetLine
	Own, Peer    string // the best engine of each side; empty if none was measured
	OwnSummary   stat.Summary
	PeerSummary  stat.Summary // of a line with a ratio
	Better       stat.Ratio   // how many times as good ours is; for a line with a ratio
	HigherBetter bool
	Verdict      string
}

// Evaluate returns a row for each target of the run's plan.
func Evaluate(r result.Run) (rows []Row) {
	if r.Plan.Targets == nil {
		return nil
	}
	for _, line := range r.Plan.Targets.Lines {
		rows = append(rows, evaluate(line, r.Plan.Targets.Own, r.Cells))
	}
	return rows
}

func evaluate(line result.TargetLine, own []string, cells []result.Cell) Row {
	f, known := figure.ByName(line.Figure)
	row := Row{TargetLine: line, HigherBetter: f.Higher, Verdict: NotMeasured}
	if !known { // in a plan file of someone's own
		return row
	}
	values := valuesOf(line, f, cells)
	ours, peers := own, line.Peers
	if len(line.Own) > 0 {
		ours = line.Own
	}
	if len(peers) == 0 {
		for engine := range values {
			if !slices.Contains(own, engine) && !result.IsAgain(engine) {
				peers = append(peers, engine)
			}
		}
	}
	row.Own, row.OwnSummary = best(values, ours, f.Higher)
	switch {
	case line.Over != "" && row.Own != "":
		line.Workload = line.Over
		itself := valuesOf(line, f, cells)
		if row.Peer, row.PeerSummary = best(itself, []string{row.Own}, f.Higher); row.Peer != "" {
			row.Peer += ", " + line.Over
		}
	case line.Ratio > 0:
		row.Peer, row.PeerSummary = best(values, peers, f.Higher)
	}
	row.judge()
	return row
}

// valuesOf returns the figures that a line judges, by engine
// and round.
func valuesOf(line result.TargetLine, f figure.Figure, cells []result.Cell) map[string]map[int]float64 {
	values := map[string]map[int]float64{}
	for _, c := range cells {
		if v := f.Of(c); v > 0 && about(line, c) {
			if values[c.Engine] == nil {
				values[c.Engine] = map[int]float64{}
			}
			values[c.Engine][c.Round] = v
		}
	}
	return values
}

// about says whether a line judges a cell.
func about(line result.TargetLine, c result.Cell) bool {
	return c.OK() && c.Workload == line.Workload &&
		(line.Durability == "" || c.Durability == line.Durability) && (line.Threads == 0 || c.Threads == line.Threads)
}

// best returns the engine with the best median among names. Of equals it returns the
// first by name.
func best(values map[string]map[int]float64, names []string, higher bool) (engine string, sum stat.Summary) {
	sum = stat.Summarize(nil)
	for _, name := range slices.Sorted(slices.Values(names)) {
		if len(values[name]) == 0 {
			continue
		}
		s := stat.SummarizeRounds(values[name])
		if engine == "" || s.Median != sum.Median && s.Median > sum.Median == higher {
			engine, sum = name, s
		}
	}
	return engine, sum
}

// judge computes ratio and verdict.
func (r *Row) judge() {
	if r.Own == "" || r.Ratio > 0 && r.Peer == "" {
		return
	}
	met := r.OwnSummary.Median <= r.Most
	if r.Ratio > 0 {
		if r.HigherBetter {
			r.Better = stat.Compare(r.PeerSummary, r.OwnSummary)
		} else {
			r.Better = stat.Compare(r.OwnSummary, r.PeerSummary)
		}
		met = r.Better.Value >= r.Ratio
	}
	r.Verdict = NotMet
	if met {
		r.Verdict = Met
	}
}
