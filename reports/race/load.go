package race

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// run is a run directory prepared for drawing.
type run struct {
	result.Run
	looks    map[string]chart.Look
	baseline string
	sections []*section
	missing  []string // cells that the plan demands and that are missing
	planned  int      // cells that the plan demands
	notes    []string // what a reader of the page should know about the data
	ratios   map[pair]*stat.Ratio
}

// setting is what all cells of a chart have in common.
type setting struct {
	durability string
	loop       string
	rate       float64
	threads    int
	kind       string // of contenders that are no engines; empty: engines
}

// section holds the cells of one setting.
type section struct {
	setting
	workloads []string // in the order of the plan
	engines   []string
	groups    map[groupKey]*group
}

type groupKey struct{ engine, workload string }

// group has the rounds of one engine under one workload: the samples of every figure.
type group struct {
	groupKey
	cells []result.Cell // with figures, by round
}

// at returns the group, or nil if no round of it has figures.
func (s *section) at(engine, workload string) *group { return s.groups[groupKey{engine, workload}] }

// enginesOf returns the engines that have figures under a workload.
func (s *section) enginesOf(workload string) (out []string) {
	for _, e := range s.engines {
		if s.at(e, workload) != nil {
			out = append(out, e)
		}
	}
	return out
}

func (s setting) open() bool { return s.loop == result.LoopOpen }

// load reads and checks a run directory.
func load(dir, baseline string) (*run, error) {
	r, err := result.ReadRun(dir)
	if err != nil {
		return nil, err
	}
	if r.Env.Schema == 0 && r.Env.CPU == "" && r.Env.Command == "" {
		return nil, fmt.Errorf("%s: env.json is missing: no chart is drawn without its machine, version and command; copy the whole run directory",
			dir)
	}
	if len(r.Cells) == 0 {
		if _, err := os.Stat(filepath.Join(dir, "cells.jsonl")); errors.Is(err, os.ErrNotExist) {
			r.Warnings = append(r.Warnings, "cells.jsonl is missing: no cell has ended yet")
		}
	}
	out := &run{Run: r}
	for i, w := range out.Warnings {
		out.Warnings[i] = strings.TrimPrefix(w, dir+string(filepath.Separator))
	}
	out.checkCells()
	out.makeSections()
	out.findMissing()
	if err := out.chooseBaseline(baseline); err != nil {
		return nil, err
	}
	out.looks = chart.LooksOf(out.engineNames(), r.Env.IsOwn)
	out.noteAA()
	out.compareAll()
	return out, nil
}

// checkCells records which figures cannot be drawn.
func (r *run) checkCells() {
	for _, c := range r.Cells {
		if !c.OK() {
			continue
		}
		for _, m := range allMetrics {
			if v, _ := m.of(c); v < 0 || math.IsInf(v, 0) {
				r.notes = append(r.notes, fmt.Sprintf("cell %s: %s is %v, which can't be: left out of the charts", c.ID, m.name, v))
			}
		}
		if c.OpsPerSec == 0 {
			r.notes = append(r.notes, fmt.Sprintf("cell %s did no operation: it has no throughput and no latency", c.ID))
		}
	}
}

// engineNames returns the engines of the plan, in its order, and then other engines
// that have cells.
func (r *run) engineNames() []string {
	names := slices.Clone(r.Plan.Engines)
	for _, c := range r.Cells {
		if !slices.Contains(names, c.Engine) {
			names = append(names, c.Engine)
		}
	}
	return names
}

func (r *run) makeSections() {
	byPlan := func(names []string) func(a, b string) int {
		place := map[string]int{}
		for i, n := range names {
			place[n] = i - len(names)
		}
		return func(a, b string) int { return cmp.Compare(place[a], place[b]) }
	}
	bySetting := map[setting]*section{}
	for _, c := range r.Cells {
		if !c.OK() {
			continue
		}
		key := setting{c.Durability, c.Loop, c.Rate, c.Threads, r.Plan.KindName()}
		s := bySetting[key]
		if s == nil {
			s = &section{setting: key, groups: map[groupKey]*group{}}
			bySetting[key] = s
			r.sections = append(r.sections, s)
		}
		s.add(c)
	}
	levels := []string{"volatile", "buffered", "synced"}
	slices.SortStableFunc(r.sections, func(a, b *section) int {
		return cmp.Or(cmp.Compare(slices.Index(levels, a.durability), slices.Index(levels, b.durability)),
			cmp.Compare(a.loop, b.loop), cmp.Compare(a.rate, b.rate), cmp.Compare(a.threads, b.threads))
	})
	for _, s := range r.sections {
		slices.SortStableFunc(s.engines, byPlan(r.engineNames()))
		slices.SortStableFunc(s.workloads, byPlan(r.Plan.Workloads))
	}
}

func (s *section) add(c result.Cell) {
	key := groupKey{c.Engine, c.Workload}
	g := s.groups[key]
	if g == nil {
		g = &group{groupKey: key}
		s.groups[key] = g
	}
	g.cells = append(g.cells, c)
	slices.SortStableFunc(g.cells, func(a, b result.Cell) int { return cmp.Compare(a.Round, b.Round) })
	if !slices.Contains(s.engines, c.Engine) {
		s.engines = append(s.engines, c.Engine)
	}
	if !slices.Contains(s.workloads, c.Workload) {
		s.workloads = append(s.workloads, c.Workload)
	}
}

// findMissing compares the cells with the plan.
func (r *run) findMissing() {
	type key struct {
		engine, workload, durability string
		threads, round               int
	}
	have := map[key]bool{}
	for _, c := range r.Cells {
		have[key{c.Engine, c.Workload, c.Durability, c.Threads, c.Round}] = true
	}
	for _, g := range r.Plan.Groups() {
		for _, e := range r.Plan.Engines {
			for round := 1; round <= r.Plan.Rounds; round++ {
				r.planned++
				if !have[key{e, g.Workload, g.Durability, g.Threads, round}] {
					r.missing = append(r.missing, result.CellID(g.Workload, e, g.Durability, g.Threads, round))
				}
			}
		}
	}
}

// usualBaselines are used as the baseline if the run has them: they are public, well
// known and fast.
var usualBaselines = []string{"pebble", "badger-skl"}

func (r *run) chooseBaseline(asked string) error {
	names := r.engineNames()
	if asked != "" {
		if !slices.Contains(names, asked) {
			return fmt.Errorf("baseline %s: the run has no such engine, it has %s", asked, strings.Join(names, ", "))
		}
		r.baseline = asked
		return nil
	}
	for _, b := range append(slices.Clone(usualBaselines), names...) {
		if slices.Contains(names, b) {
			r.baseline = b
			return nil
		}
	}
	return nil
}

// noteAA finds engines that differ only in their name, beside the controls, of which the
// page has ratios. What charts show between them is the noise of the method.
func (r *run) noteAA() {
	same := func(a, b result.EngineInfo) bool {
		return a.Version == b.Version && a.Summary == b.Summary && (a.Version != "" || a.Summary != "") &&
			fmt.Sprint(a.Options) == fmt.Sprint(b.Options) && fmt.Sprint(a.Settings) == fmt.Sprint(b.Settings)
	}
	for i, a := range r.Env.Engines {
		for _, b := range r.Env.Engines[i+1:] {
			if same(a, b) && !result.IsAgain(a.Name) && !result.IsAgain(b.Name) {
				r.notes = append(r.notes, fmt.Sprintf(
					"A/A: %s and %s are the same engine with the same options. What the charts show between them is the noise of the method: trust no smaller difference.",
					a.Name, b.Name))
			}
		}
	}
}

// hists reads the histograms of a group, one element for each round.
func (r *run) hists(g *group) ([][]result.Hist, error) {
	var files [][]result.Hist
	for _, c := range g.cells {
		if c.HistFile == "" {
			continue
		}
		h, err := result.ReadHists(filepath.Join(r.Dir, filepath.FromSlash(c.HistFile)))
		if err != nil {
			return nil, r.fileError(c, c.HistFile, err)
		}
		files = append(files, h)
	}
	return files, nil
}

// series reads the timelines of a cell.
func (r *run) series(c result.Cell) (map[string]result.Series, error) {
	if c.SeriesFile == "" {
		return nil, nil
	}
	all, err := result.ReadSeries(filepath.Join(r.Dir, filepath.FromSlash(c.SeriesFile)))
	if err != nil {
		return nil, r.fileError(c, c.SeriesFile, err)
	}
	out := map[string]result.Series{}
	for _, s := range all {
		out[s.Name] = s
	}
	return out, nil
}

func (r *run) fileError(c result.Cell, name string, err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %s is missing: cell %s of cells.jsonl names it; copy the whole run directory", r.Dir, name, c.ID)
	}
	return fmt.Errorf("cell %s: %w", c.ID, err)
}
