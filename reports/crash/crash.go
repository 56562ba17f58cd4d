// Package crash draws the findings of a run of crash testing. It shows the verdicts by
// engine, file system and profile; how much was explored, and what that covered; and
// each finding with its history, its files and the command that shows it again.
//
// Everything comes from the run directory (powerfail/rundir) and from nothing else: the
// same files give the same bytes.
package crash

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lsmlab/harness/human"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// Is says whether dir is the run directory of a crash test.
func Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, rundir.RunFile))
	return err == nil
}

// Render draws a run directory again from its raw results: charts/*.svg and *.png and
// index.html, whose path it returns. An error names the file that is missing or
// damaged; index.html is then unchanged.
func Render(dir string) (indexPath string, err error) {
	r := run{}
	if r.Run, r.cells, r.findings, err = rundir.Read(dir); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	if indexPath, err = r.page().Write(dir); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return indexPath, nil
}

// run is a run directory prepared for drawing.
type run struct {
	rundir.Run
	cells    []rundir.Cell
	findings []rundir.Finding
}

func (r *run) page() *page.Page {
	p := &page.Page{
		Title:       "Power cuts: tier " + r.Tier,
		Lead:        r.lead(),
		Verdicts:    []page.Verdicts{{Setting: "By engine", Lines: r.verdicts()}},
		Sections:    []page.Section{r.exploredSection()},
		Environment: r.environment(),
		Raw:         r.cellsTable(),
		Downloads: []page.Download{
			{Path: rundir.RunFile, What: "what ran"},
			{Path: rundir.CellsFile, What: "every cell, one JSON value a line"},
		},
		Provenance: r.footer(),
	}
	if bound := rundir.Bound(r.cells); bound != "" {
		p.Notes = append(p.Notes, bound)
	}
	if r.Stopped {
		p.Notes = append(p.Notes, "The run was interrupted: there may be more to find.")
	}
	if len(r.cells) == 0 {
		p.Notes = append(p.Notes, "No cell has ended yet.")
	}
	if len(r.findings) > 0 {
		p.Sections = append(p.Sections, r.findingsSection())
	}
	return p
}

func (r *run) lead() string {
	var explored, distinct int64
	for _, c := range r.cells {
		explored, distinct = explored+c.Explored, distinct+c.Distinct
	}
	return fmt.Sprintf("%s crash states made, %s of them distinct and judged; %s. A verdict holds for the states explored, not for all that there are.",
		count(explored), count(distinct), human.Count(len(r.findings), "finding"))
}

// verdicts returns one sentence on each engine. Planted bugs and disks that lie say
// nothing about an engine.
func (r *run) verdicts() (lines []page.Verdict) {
	for _, e := range r.engines() {
		var sum explore.Counts
		for _, c := range r.cells {
			if c.Engine == e && c.Bug == "" && explore.Profile(c.Profile) != explore.LyingDisk {
				sum.Add(&c.Counts)
			}
		}
		text := fmt.Sprintf("sound in all %s distinct states.", count(sum.Distinct))
		switch {
		case sum.Explored == 0:
			text = "explored with planted bugs or a lying disk alone."
		case len(sum.Violations) > 0:
			text = fmt.Sprintf("of %s distinct states some break a rule: %s.", count(sum.Distinct), rules(sum.Violations))
		}
		lines = append(lines, page.Verdict{Subject: e, Text: text})
	}
	return lines
}

// rules lists rules, with the number of states that break each.
func rules(broken map[string]int64) string {
	var parts []string
	for _, rule := range slices.Sorted(maps.Keys(broken)) {
		parts = append(parts, fmt.Sprintf("%s %s", count(broken[rule]), rule))
	}
	return strings.Join(parts, ", ")
}

func (r *run) engines() (out []string) {
	for _, c := range r.cells {
		if !slices.Contains(out, c.Engine) {
			out = append(out, c.Engine)
		}
	}
	return out
}

func (r *run) environment() []page.Fact {
	facts := []page.Fact{
		{Name: "Command", Value: r.Command},
		{Name: "Tier", Value: r.Tier},
		{Name: "Seed", Value: r.seed()},
		{Name: "Shard", Value: r.Shard},
		{Name: "Started", Value: r.Started.UTC().Format(time.RFC3339)},
		{Name: "Took", Value: r.Ended.Sub(r.Started).Round(time.Second).String()},
	}
	for _, k := range slices.Sorted(maps.Keys(r.Versions)) {
		facts = append(facts, page.Fact{Name: k, Value: r.Versions[k]})
	}
	return slices.DeleteFunc(facts, func(f page.Fact) bool { return f.Value == "" })
}

// seed says from which seeds everything was drawn.
func (r *run) seed() string {
	if n := len(r.Seeds); n > 0 {
		return fmt.Sprintf("%d, and %s drawn from it, one a chunk", r.Seed, human.Count(n, "seed"))
	}
	return fmt.Sprint(r.Seed)
}

// footer is the line under each chart that names its origin.
func (r *run) footer() string {
	words := []string{"tier " + r.Tier, fmt.Sprintf("seed %d", r.Seed)}
	for _, k := range slices.Sorted(maps.Keys(r.Versions)) {
		words = append(words, k+" "+r.Versions[k])
	}
	return strings.Join(append(words, r.Command), ", ")
}

func (r *run) cellsTable() page.Table {
	t := page.Table{
		ID: "cells", Caption: "Every cell",
		Head: []page.Column{
			{Name: "engine"},
			{Name: "file system"},
			{Name: "profile"},
			{Name: "planted bug"},
			{Name: "programs", Numeric: true},
			{Name: "explored", Numeric: true},
			{Name: "distinct", Numeric: true},
			{Name: "distinct/s", Numeric: true},
			{Name: "by depth"},
			{Name: "broken"},
		},
	}
	for _, c := range r.cells {
		var depths []string
		for _, n := range c.Depths {
			depths = append(depths, count(n))
		}
		t.Rows = append(t.Rows, []page.Cell{
			page.Head(c.Engine), page.Text(c.FileSystem), page.Text(c.Profile), page.Text(c.Bug),
			page.Int(c.Programs), page.Int(c.Explored), page.Int(c.Distinct), page.Number(c.Rate(), chart.UnitCount),
			page.Text(strings.Join(depths, " + ")), page.Text(rules(c.Violations)),
		})
	}
	return t
}

func count(n int64) string { return human.Thousands(fmt.Sprint(n)) }
