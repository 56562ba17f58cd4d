package race

import (
	"cmp"
	"fmt"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/reports/page"
)

// page arranges the content of the page. It draws nothing yet.
func (r *run) page() (*page.Page, error) {
	var all []page.Complaints
	for _, c := range r.Cells {
		all = append(all, page.ComplaintsOf(c.ID, c.Status, c.Error, c.Warnings))
	}
	p := &page.Page{
		Title: r.title(), Lead: r.lead(), Targets: r.targetsTable(), Notes: append(append([]string{}, r.Run.Warnings...), r.notes...),
		Missing:  page.List{Title: fmt.Sprintf("%d cells of the plan are missing; go on with the run by --resume", len(r.missing)), Items: r.missing},
		Warnings: page.WarningKinds(all), Environment: page.Environment(r.Env, r.work()), Versions: page.Versions(r.Env, r.Plan.AllDurabilities()), Raw: r.cellsTable(),
		Downloads: page.Present(r.Dir, rawFiles), Provenance: page.Provenance(r.Env),
	}
	if len(r.sections) == 0 {
		p.Notes = append(p.Notes, "No cell has figures yet.")
	}
	for _, sections := range r.scalings() {
		g := r.scalingGroup(sections)
		if len(g.Figures) == 0 {
			continue
		}
		s := sections[0]
		p.Sections = append(p.Sections, page.Section{
			ID: g.ID + "-section", Title: scalingTitle(s), Intro: r.sectionIntro(s), Groups: []page.Group{g},
		})
	}
	for _, s := range r.sections {
		v := page.Verdicts{Setting: human.UpperFirst(s.String())}
		for _, w := range s.workloads {
			v.Lines = append(v.Lines, page.Verdict{Subject: w, Text: r.verdict(s, w)})
		}
		if text := r.controlText(s); text != "" {
			v.Lines = append(v.Lines, page.Verdict{Subject: "A/A control", Text: text})
		}
		p.Verdicts = append(p.Verdicts, v)
		groups, err := r.figures(s)
		if err != nil {
			return nil, err
		}
		p.Sections = append(p.Sections, page.Section{
			ID: s.slug(), Title: human.UpperFirst(s.String()), Intro: r.sectionIntro(s),
			Groups: groups, TablesTitle: "All figures", Tables: r.sectionTables(s),
		})
	}
	return p, nil
}

func (r *run) title() string {
	what := "Race of storage engines"
	if kind := r.Plan.KindName(); kind != "" {
		what = "Race of " + kindWords(kind)
	}
	if r.Plan.Name != "" {
		what += ": plan " + r.Plan.Name
	}
	return what
}

func scalingTitle(s *section) string {
	if s.kind != "" {
		return "Scaling over goroutines"
	}
	return fmt.Sprintf("Scaling over threads: %s, %s", s.durability, s.loopWords())
}

func (r *run) sectionIntro(s *section) string {
	switch r.Plan.KindName() {
	case "":
	case result.KindMemTables:
		return "Bare structures: no log, no files, no durability."
	default:
		return "No engines: their cells have no durability level."
	}
	text := human.UpperFirst(s.durability) + ": " + cmp.Or(durabilityWords[s.durability], "a durability level that this version does not know") + "."
	if s.open() {
		return text + " Operations were started by the clock, so latency counts queueing."
	}
	if s.loop == result.LoopSustained {
		return text + " Operations were started by the clock, at the highest rate at which p99.9 from the intended start kept its objective and compaction debt did not grow."
	}
	return text + " Each thread starts its next operation when the one before has ended: this is peak throughput, and latency hides queueing."
}

// rawFiles are the raw results of a run.
var rawFiles = []page.Download{
	{Path: "cells.jsonl", What: "every cell, one JSON value a line"},
	{Path: "bench.txt", What: "the same in Go benchmark format, for benchstat"},
	{Path: "plan.json", What: "what was asked for"},
	{Path: "env.json", What: "where it ran"},
}
