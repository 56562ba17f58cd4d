package service

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// run is a load directory prepared for drawing.
type run struct {
	result.Load
	looks   map[string]chart.Look
	phases  []string // names, in the order of the profile
	missing []string
	planned int
}

// load reads and checks a load directory.
func load(dir string) (*run, error) {
	l, err := result.ReadLoad(dir)
	if err != nil {
		return nil, err
	}
	if l.Env.Schema == 0 {
		return nil, fmt.Errorf("%s: env.json is missing: no chart is drawn without its machine, version and command; copy the whole load directory", dir)
	}
	s := &run{Load: l, looks: chart.LooksOf(l.Plan.Engines, l.Env.IsOwn)}
	for i, w := range s.Warnings {
		s.Warnings[i] = strings.TrimPrefix(w, dir+string(filepath.Separator))
	}
	have := map[string]bool{}
	for _, c := range s.Cells {
		have[c.ID] = true
		for _, p := range c.Phases {
			if !slices.Contains(s.phases, p.Name) {
				s.phases = append(s.phases, p.Name)
			}
		}
	}
	for round := 1; round <= l.Plan.Rounds; round++ {
		for _, env := range l.Plan.Environments {
			for _, e := range l.Plan.Engines {
				s.planned++
				if id := result.LoadCellID(l.Plan.Profile, e, env.Name, round); !have[id] {
					s.missing = append(s.missing, id)
				}
			}
		}
	}
	return s, nil
}

// at returns the rounds of an engine in an environment that have figures.
func (s *run) at(engine, environment string) (cells []result.LoadCell) {
	for _, c := range s.Cells {
		if c.OK() && c.Engine == engine && c.Environment == environment {
			cells = append(cells, c)
		}
	}
	slices.SortStableFunc(cells, func(a, b result.LoadCell) int { return cmp.Compare(a.Round, b.Round) })
	return cells
}

// any returns a cell with figures, for what all of them share.
func (s *run) any() (result.LoadCell, bool) {
	i := slices.IndexFunc(s.Cells, result.LoadCell.OK)
	if i < 0 {
		return result.LoadCell{}, false
	}
	return s.Cells[i], true
}

// page arranges the content of the page.
func (s *run) page() (*page.Page, error) {
	var all []page.Complaints
	for _, c := range s.Cells {
		texts := slices.Clone(c.Warnings)
		for _, b := range c.Broken {
			if !c.Sweep { // a sweep is meant to break its objective
				texts = append(texts, "threshold broken: "+b)
			}
		}
		all = append(all, page.ComplaintsOf(c.ID, c.Status, c.Error, texts))
	}
	groups, err := s.groups()
	if err != nil {
		return nil, err
	}
	p := &page.Page{
		Title: "Load of a service: profile " + s.Plan.Profile, Lead: s.lead(), Notes: s.Warnings,
		Missing:  page.List{Title: fmt.Sprintf("%d cells of the plan are missing; go on with the run by --resume", len(s.missing)), Items: s.missing},
		Warnings: page.WarningKinds(all), Environment: s.environment(), Versions: page.Versions(s.Env, s.durabilities()), Raw: s.cellsTable(),
		Downloads: page.Present(s.Dir, s.files()), Provenance: page.Provenance(s.Env),
		Sections: []page.Section{{ID: "figures", Title: "Figures", Intro: s.intro(), Groups: groups, TablesTitle: "All figures", Tables: []page.Table{s.phasesTable()}}},
	}
	for _, env := range s.Plan.Environments {
		v := page.Verdicts{Setting: fmt.Sprintf("%s (%s)", env.Name, env)}
		for _, e := range s.Plan.Engines {
			v.Lines = append(v.Lines, page.Verdict{Subject: e, Text: s.verdict(e, env.Name)})
		}
		p.Verdicts = append(p.Verdicts, v)
	}
	return p, nil
}

// files lists the raw results.
func (s *run) files() []page.Download {
	files := []page.Download{
		{Path: "loads.jsonl", What: "every cell, one JSON value a line"}, {Path: "load.json", What: "what was asked for"}, {Path: "env.json", What: "where it ran"},
	}
	for _, c := range s.Cells {
		if c.DashboardFile != "" {
			files = append(files, page.Download{Path: c.DashboardFile, What: "k6's own dashboard of " + c.ID})
		}
		if c.LogFile != "" {
			files = append(files, page.Download{Path: c.LogFile, What: "what k6 complained about in " + c.ID})
		}
	}
	return files
}

func (s *run) durabilities() (levels []string) {
	for _, e := range s.Plan.Environments {
		if !slices.Contains(levels, e.Durability) {
			levels = append(levels, e.Durability)
		}
	}
	return levels
}

// environment adds the named limits to the facts of the machine.
func (s *run) environment() []page.Fact {
	facts := page.Environment(s.Env, s.work())
	for _, e := range s.Plan.Environments {
		text := e.String()
		for _, c := range s.Cells {
			if c.Environment == e.Name && c.FileSystem != "" {
				text += ", " + c.FileSystem
				break
			}
		}
		facts = append(facts, page.Fact{Name: "Environment " + e.Name, Value: text})
	}
	return facts
}

func (s *run) work() string {
	c, ok := s.any()
	if !ok {
		return ""
	}
	parts := []string{human.Thousands(fmt.Sprint(c.Keys)) + " keys", fmt.Sprintf("values of %d B", c.ValueSize), "zipfian unless a setting says otherwise"}
	for _, kind := range []string{"get", "set", "scan"} {
		if share := c.Mix[kind]; share > 0 {
			parts = append(parts, fmt.Sprintf("%s %g", kind, share))
		}
	}
	if c.ThinkSeconds > 0 {
		parts = append(parts, fmt.Sprintf("a user stays for %g s after its request", c.ThinkSeconds))
	}
	for _, name := range slices.Sorted(maps.Keys(s.Plan.Settings)) {
		parts = append(parts, name+"="+s.Plan.Settings[name])
	}
	return strings.Join(parts, ", ")
}

// lead is the summary's first paragraph.
func (s *run) lead() string {
	failed := 0
	for _, c := range s.Cells {
		if c.Status == result.StatusFailed {
			failed++
		}
	}
	p := s.Plan
	text := fmt.Sprintf("%s behind lsmlab's HTTP server in %s, %s: %d of %d cells have been run",
		human.Count(len(p.Engines), "storage engine"), human.Count(len(p.Environments), "environment"), human.Count(p.Rounds, "round"), s.planned-len(s.missing), s.planned)
	if failed > 0 {
		text += fmt.Sprintf(", %d failed", failed)
	}
	text += ". k6 made the load from a process of its own on the same machine, so client and server share its cores. " +
		"Arrivals followed the clock (open model): a server that gets slow does not get less work, and what the client could not start is counted as missed. "
	if c, ok := s.any(); ok {
		text += fmt.Sprintf("The objective: p95 below %s, and at most %.3g%% of the requests failed. Every value read was checked to its last byte. ",
			chart.UnitNanos.Format(float64(c.ObjectiveP95NS)), 100*c.ErrorRate)
	}
	return text + "Every cell had a fresh server on a fresh store; engines and environments came in random order."
}

// verdict says in one sentence what an engine did in an environment.
func (s *run) verdict(engine, environment string) string {
	cells := s.at(engine, environment)
	if len(cells) == 0 {
		return "no figures."
	}
	if cells[0].Sweep {
		return s.sweepVerdict(cells)
	}
	var parts []string
	for _, name := range s.phases {
		value := func(m phaseMetric) float64 { return m.summary(cells, name).Median }
		text := fmt.Sprintf("%s requests/s", chart.UnitCount.Format(value(requestRate)))
		if len(s.phases) > 1 {
			text = name + " " + text
		}
		text += fmt.Sprintf(" at p95 %s, %.2f%% 5xx", chart.UnitNanos.Format(value(p95Latency)), 100*value(serverErrorRate))
		if refused := value(refusedRate); refused > 0 {
			text += fmt.Sprintf(", %.2f%% refused", 100*refused)
		}
		parts = append(parts, text)
	}
	kept := "the objective was kept"
	for _, c := range cells {
		if slices.ContainsFunc(c.Phases, func(p result.LoadPhase) bool { return !c.Sustained(p) }) {
			kept = "the objective was not kept in every phase"
		}
	}
	return strings.Join(parts, "; ") + "; " + kept + "."
}

func (s *run) sweepVerdict(cells []result.LoadCell) string {
	rate, open := sustainable(cells)
	text := fmt.Sprintf("sustains %s requests/s", chart.UnitCount.Format(rate.Median))
	if rate.N() > 1 {
		text += fmt.Sprintf(" (%s to %s, %.0f%% confidence)", chart.UnitCount.Format(rate.Lo), chart.UnitCount.Format(rate.Hi), 100*rate.Confidence)
	}
	if open {
		text += "; some round never broke, so that this is a lower bound: give a higher RATE or more STEPS"
	}
	return text + "."
}

// sustainable summarizes the highest rates of sweeps.
func sustainable(cells []result.LoadCell) (rate stat.Summary, open bool) {
	var values []float64
	for _, c := range cells {
		v, o := c.Sustainable()
		values = append(values, v)
		open = open || o
	}
	return stat.Summarize(values), open
}

// series reads the timelines of a cell.
func (s *run) series(c result.LoadCell) (map[string]result.Series, error) {
	if c.SeriesFile == "" {
		return nil, nil
	}
	all, err := result.ReadSeries(filepath.Join(s.Dir, filepath.FromSlash(c.SeriesFile)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %s is missing: cell %s of loads.jsonl names it; copy the whole load directory", s.Dir, c.SeriesFile, c.ID)
	}
	if err != nil {
		return nil, fmt.Errorf("cell %s: %w", c.ID, err)
	}
	out := map[string]result.Series{}
	for _, one := range all {
		out[one.Name] = one
	}
	return out, nil
}

// phaseTimes says, for a caption, when the phases of a cell were.
func phaseTimes(c result.LoadCell) string {
	if len(c.Phases) < 2 {
		return ""
	}
	var parts []string
	at := 0.0
	for _, p := range c.Phases {
		parts = append(parts, fmt.Sprintf("%s from %s", p.Name, time.Duration(at*float64(time.Second)).Round(time.Second)))
		at += p.Seconds
	}
	return "Phases: " + strings.Join(parts, ", ") + "."
}

// intro says what the rows of the charts are.
func (s *run) intro() string {
	text := "Charts have one row an engine"
	if len(s.Plan.Environments) > 1 {
		text += " in an environment"
	}
	return text + ", " + human.Count(s.Plan.Rounds, "round") + " each."
}
