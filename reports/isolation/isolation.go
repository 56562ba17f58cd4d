// Package isolation draws what a run of `lsmlab isolation` found: for each engine and level
// what is promised, what is left of it, which anomalies were seen, and each finding with
// its transactions and the command that shows it again.
//
// All comes from the run directory (powerfail/isolation/isorun) and from nothing else: the
// same files give the same bytes.
package isolation

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"lsmlab/harness/human"
	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/reports/page"
)

// Is says whether dir is the run directory of a probe of isolation.
func Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, isorun.HistoriesDir))
	return err == nil
}

// Render draws a run directory again from its raw results: charts and index.html, whose
// path it returns. Its errors name the file that is missing or damaged; index.html is then
// what it was before.
func Render(dir string) (indexPath string, err error) {
	r := run{}
	if r.Run, r.cells, r.findings, err = isorun.Read(dir); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	if r.crashes, err = isorun.ReadCrashes(dir); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	if indexPath, err = r.page().Write(dir); err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return indexPath, nil
}

// run is a run directory made ready for drawing.
type run struct {
	isorun.Run
	cells    []isorun.Cell
	findings []isorun.Finding
	crashes  []isorun.Crash
}

func (r *run) page() *page.Page {
	p := &page.Page{
		Title:       "Isolation of transactions",
		Lead:        r.lead(),
		Verdicts:    []page.Verdicts{{Setting: "By engine and level asked for", Lines: r.verdicts()}},
		Environment: r.environment(),
		Raw:         r.table(),
		Downloads: []page.Download{
			{Path: isorun.RunFile, What: "what ran"},
			{Path: isorun.CellsFile, What: "every engine and level, one JSON value a line"},
		},
		Provenance: fmt.Sprintf("%s, seed %d, %s", r.Command, r.Seed, r.Started.UTC().Format(time.RFC3339)),
	}
	if r.Stopped {
		p.Notes = append(p.Notes, "The run was interrupted: there may be more to find.")
	}
	if refused := r.refused(); refused != "" {
		p.Notes = append(p.Notes, refused)
	}
	p.Sections = append(p.Sections, r.anomalySection())
	if len(r.crashes) > 0 {
		p.Sections = append(p.Sections, r.crashSection())
	}
	if len(r.findings) > 0 {
		p.Sections = append(p.Sections, r.findingsSection())
	}
	return p
}

func (r *run) lead() string {
	scripts, txns := 0, 0
	for _, c := range r.cells {
		scripts, txns = scripts+c.Scripts, txns+c.Txns
	}
	return fmt.Sprintf("%s, %s; %s. A level that is not refuted is not proved: nothing that these transactions saw contradicts it.",
		human.Count(scripts, "script"), human.Count(txns, "transaction"), human.Count(len(r.findings), "finding"))
}

// given returns the cells of levels that engines give.
func (r *run) given() []isorun.Cell {
	return slices.DeleteFunc(slices.Clone(r.cells), func(c isorun.Cell) bool { return c.Refused != "" })
}

// verdicts says of each engine and level in a sentence what came out.
func (r *run) verdicts() (lines []page.Verdict) {
	for _, c := range r.given() {
		text := fmt.Sprintf("%s is promised, and nothing refutes it in %s.", c.Promised, human.Count(c.Scripts, "script"))
		switch {
		case c.Error != "":
			text = "the run ended with an error: " + strings.TrimSuffix(c.Error, ".") + "."
		case !c.Sound():
			text = fmt.Sprintf("%s is promised, and %s of %d refute it. Not refuted: %s.", c.Promised, human.Count(c.Refuting, "script"), c.Scripts, isolation.Names(c.Found))
		}
		switch {
		case c.Disagreed > 0:
			text += fmt.Sprintf(" The judge that goes by LSNs disagrees in %s: one of the judges is wrong, or the LSNs are.", human.Count(c.Disagreed, "script"))
		case c.JudgedByLSNs > 0 && c.RefutingByLSNs == 0:
			text += " The LSNs of all transactions agree with it."
		case c.RefutingByLSNs > 0:
			text += fmt.Sprintf(" By the LSNs of its transactions %s refute it.", human.Count(c.RefutingByLSNs, "script"))
		}
		if c.OneWriter {
			text += " Transactions that write wait for each other."
		}
		lines = append(lines, page.Verdict{Subject: c.Engine + " at " + c.Level, Text: text})
	}
	return lines
}

// refused lists what engines do not give.
func (r *run) refused() string {
	levels := map[string][]string{}
	for _, c := range r.cells {
		if c.Refused != "" {
			levels[c.Engine] = append(levels[c.Engine], c.Level)
		}
	}
	var parts []string
	for _, e := range slices.Sorted(maps.Keys(levels)) {
		parts = append(parts, fmt.Sprintf("%s (%s)", e, strings.Join(levels[e], ", ")))
	}
	if parts == nil {
		return ""
	}
	return "Engines do not give these levels: " + strings.Join(parts, "; ") + "."
}

// table has a row for each cell.
func (r *run) table() page.Table {
	t := page.Table{
		ID: "cells", Caption: "Every engine and level: what is promised, what no history refutes, and what refutes others",
		Head: []page.Column{
			{Name: "engine"},
			{Name: "level asked for"},
			{Name: "durability"},
			{Name: "promised"},
			{Name: "not refuted"},
			{Name: "by LSNs"},
			{Name: "anomalies, scripts"},
			{Name: "scripts", Numeric: true},
			{Name: "transactions", Numeric: true},
			{Name: "committed", Numeric: true},
			{Name: "refuting", Numeric: true},
		},
	}
	for _, c := range r.given() {
		t.Rows = append(t.Rows, []page.Cell{
			page.Head(c.Engine), page.Text(c.Level), page.Text(c.Durability), page.Text(c.Promised.String()), page.Text(cmp.Or(c.Error, isolation.Names(c.Found))), page.Text(c.LSNText()),
			page.Text(c.AnomalyText()), page.Int(int64(c.Scripts)), page.Int(int64(c.Txns)), page.Int(int64(c.Committed)), page.Int(int64(c.Refuting)),
		})
	}
	return t
}

func (r *run) environment() []page.Fact {
	facts := []page.Fact{
		{Name: "Command", Value: r.Command},
		{Name: "Seed", Value: fmt.Sprint(r.Seed)},
		{Name: "Started", Value: r.Started.UTC().Format(time.RFC3339)},
	}
	if !r.Ended.IsZero() {
		facts = append(facts, page.Fact{Name: "Took", Value: r.Ended.Sub(r.Started).Round(time.Second).String()})
	}
	for _, k := range slices.Sorted(maps.Keys(r.Versions)) {
		facts = append(facts, page.Fact{Name: k, Value: r.Versions[k]})
	}
	return facts
}

// anomalySection has the table of anomalies by engine and level.
func (r *run) anomalySection() page.Section {
	seen := map[string]bool{}
	for _, c := range r.cells {
		for name := range c.Anomalies {
			seen[name] = true
		}
	}
	names := slices.Sorted(maps.Keys(seen))
	t := page.Table{ID: "anomalies", Caption: "Scripts that showed each anomaly", Head: []page.Column{{Name: "engine"}, {Name: "level asked for"}}}
	for _, n := range names {
		t.Head = append(t.Head, page.Column{Name: n, Numeric: true})
	}
	for _, c := range r.given() {
		row := []page.Cell{page.Head(c.Engine), page.Text(c.Level)}
		for _, n := range names {
			row = append(row, page.Int(int64(c.Anomalies[n])))
		}
		t.Rows = append(t.Rows, row)
	}
	return page.Section{
		ID: "anomalies", Title: "Anomalies", TablesTitle: "By engine and level", Tables: []page.Table{t},
		Intro: "The names are Adya's. An anomaly is no fault where the level allows it; that such are seen says that the scripts can show them.",
	}
}
