package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"lsmlab/harness/human"
	"lsmlab/harness/journal"
	"lsmlab/harness/result"
)

// The rates that are tried lie between the first and the last share of the peak, each a tenth
// below the one before, so the rate that is found is right to a tenth. The first share is that
// of Luo and Carey.
const (
	firstShare = 0.95
	lastShare  = 0.01
	rateStep   = 0.9
)

// sustain returns the cell of spec at the highest rate that lasts, by the two phases of Luo and
// Carey ("On Performance Stability in LSM-based Storage Systems", VLDB 2019): a closed loop
// shows the peak, and open loops below it show which rate the store keeps up with. There,
// arrivals wait if the store stalls, which the closed loop hides. The highest such rate is
// found by bisection, as a store that keeps up with a rate keeps up with all lower ones.
//
// Every trial has a fresh store in a fresh process, because a trial at too high a rate leaves
// debt, which would count against the next. So trials do not depend on their order.
func (r *Runner) sustain(ctx context.Context, spec *CellSpec, objective time.Duration) ([]result.Cell, error) {
	peak, err := r.trial(ctx, spec, "peak", 0)
	if err != nil || !peak.OK() {
		return asCell(peak, spec.ID), err
	}
	found := result.Sustained{ObjectiveP999NS: objective.Nanoseconds(), PeakOpsPerSec: peak.OpsPerSec}
	rates := trialRates(peak.OpsPerSec)
	var last, best result.Cell
	err = highest(rates, func(rate float64) (bool, error) {
		var err error
		if last, err = r.trial(ctx, spec, fmt.Sprintf("try%d", len(found.Trials)+1), rate); err != nil || !last.OK() {
			return false, cmp.Or(err, errTrial)
		}
		t := trialOf(last, objective)
		found.Trials = append(found.Trials, t)
		if t.Holds {
			best, found.Rate = last, rate
		}
		return t.Holds, nil
	})
	if errors.Is(err, errTrial) {
		return asCell(last, spec.ID), nil
	}
	if err != nil {
		return nil, err
	}
	if found.Rate == 0 {
		failed := spec.blank(spec.Stage)
		failed.Status, failed.Sustained = result.StatusFailed, &found
		failed.Error = fmt.Sprintf("sustain: not even %.0f operations/s, the least rate tried, holds: %s", rates[len(rates)-1], found.Trials[len(found.Trials)-1].Why)
		return []result.Cell{failed}, nil
	}
	best.Loop, best.Rate, best.Sustained = result.LoopSustained, 0, &found
	return asCell(best, spec.ID), nil
}

// errTrial ends a search whose trial failed; the cell says why.
var errTrial = errors.New("a trial failed")

// highest asks by bisection for the highest of falling rates that holds: the last one that it
// was told to hold. It asks for no lower rate than one that holds.
func highest(rates []float64, holds func(rate float64) (bool, error)) error {
	lo, hi := 0, len(rates)
	for lo < hi {
		mid := (lo + hi) / 2
		ok, err := holds(rates[mid])
		if err != nil {
			return err
		}
		if ok {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return nil
}

// asCell gives the cell of a trial the name of the cell that it was made for.
func asCell(c result.Cell, id string) []result.Cell {
	c.ID = id
	return []result.Cell{c}
}

// trial runs spec on a fresh store at a rate; 0 is a closed loop. Its files have a name of
// their own.
func (r *Runner) trial(ctx context.Context, spec *CellSpec, name string, rate float64) (result.Cell, error) {
	s := *spec
	s.ID += "-" + name
	s.Rate = rate
	cells, err := r.runOne(ctx, &s)
	if err != nil {
		return result.Cell{}, err
	}
	return cells[0], nil
}

// trialRates returns the rates below a peak, the highest first.
func trialRates(peak float64) (rates []float64) {
	for share := firstShare; share > lastShare; share *= rateStep {
		rates = append(rates, peak*share)
	}
	return rates
}

// trialOf judges a cell of an open loop.
func trialOf(c result.Cell, objective time.Duration) result.Trial {
	t := result.Trial{Rate: c.Rate, OpsPerSec: c.OpsPerSec, P999NS: math.MaxInt64, DebtGrows: c.DebtGrows, SeriesFile: c.SeriesFile}
	if c.Intended != nil {
		t.P999NS = c.Intended.P999
	}
	switch {
	case c.OpsPerSec < keptShare*c.Rate:
		t.Why = fmt.Sprintf("%.0f operations/s done", c.OpsPerSec)
	case t.P999NS > objective.Nanoseconds():
		t.Why = "p99.9 from the intended start is " + human.Nanoseconds(t.P999NS)
	case t.DebtGrows:
		t.Why = "compaction debt grows"
	}
	t.Holds = t.Why == ""
	return t
}

// checkSustain refuses a search in a plan whose cells have no rate to be found.
func checkSustain(p *result.Plan) error {
	if p.Sustain == 0 {
		return nil
	}
	if p.Duration == 0 || p.Ops > 0 {
		return wrong("sustain", "is %v: give a duration and no ops, so that all rates are tried for the same time", time.Duration(p.Sustain))
	}
	for field, given := range map[string]bool{"rate": p.Rate > 0, "sequences": len(p.Sequences) > 0, "kind": p.KindName() != ""} {
		if given {
			return wrong("sustain", "is %v: the plan also has %s, leave one of them out", time.Duration(p.Sustain), field)
		}
	}
	for _, name := range p.Workloads {
		if w, err := newWorkload(*p, name); err == nil && w.Killed() {
			return wrong("sustain", "is %v: %s opens stores and has no rate, leave it out", time.Duration(p.Sustain), name)
		}
	}
	return nil
}

// task returns what runs the cells of a spec.
func (r *Runner) task(spec *CellSpec) journal.Task[result.Cell] {
	run := func(ctx context.Context) ([]result.Cell, error) { return r.runOne(ctx, spec) }
	if objective := time.Duration(r.Plan.Sustain); objective > 0 && spec.Refused == "" {
		run = func(ctx context.Context) ([]result.Cell, error) { return r.sustain(ctx, spec, objective) }
	}
	return journal.Task[result.Cell]{IDs: spec.ids(), Run: run}
}
