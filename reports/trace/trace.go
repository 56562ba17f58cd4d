// Package trace draws the page of a workload that was fitted to a trace: the model, and
// how far its replay is from the trace's own.
package trace

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"lsmlab/harness/human"
	"lsmlab/harness/journal"
	"lsmlab/harness/trace"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// Is says whether dir has a model.
func Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, trace.ModelFile))
	return err == nil
}

// Render draws the page of a model's directory and returns its path.
func Render(dir string) (indexPath string, err error) {
	path := filepath.Join(dir, trace.ModelFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	var m trace.Model
	if err := journal.ParseJSON(path, content, &m, true); err != nil {
		return "", err
	}
	spec, err := json.MarshalIndent(m.Spec, "", "  ")
	if err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	p := &page.Page{
		Title:    "Model of a trace",
		Lead:     lead(&m),
		Verdicts: []page.Verdicts{{Setting: "How far a replay of the model is from the trace", Lines: verdicts(&m)}},
		Notes: []string{
			"A distance is between 0, the same, and 1. The noise is the distance of two replays of the model that differ in their seeds: a distance below it cannot be told from none.",
			"Reuse distances decide how much of the work a cache of a given size answers: where they are far from the trace's own, races by the model mislead about caches.",
		},
		Sections: []page.Section{{
			ID: "distances", Title: "Distances", TablesTitle: "Each respect", Tables: []page.Table{table(&m)},
			Intro: "Popularity, reuse distances, sizes and gaps are compared by the largest difference of their distribution functions.",
		}},
		Environment: []page.Fact{{Name: "Workload", Value: human.OneLine(string(spec))}},
		Downloads: page.Present(dir, []page.Download{
			{Path: trace.ModelFile, What: "the model and its distances"},
			{Path: trace.PlanFile, What: "a plan that races engines by the model: lsmlab bench --plan"},
		}),
		Provenance: fmt.Sprintf("lsmlab trace model %s", m.Trace),
	}
	return p.Write(dir)
}

// lead says what the trace is, and which workload was fitted.
func lead(m *trace.Model) string {
	load := ""
	if m.Loaded > 0 {
		load = fmt.Sprintf(", after %s keys were stored, which is no part of the model", human.Thousands(fmt.Sprint(m.Loaded)))
	}
	s := fmt.Sprintf("The trace %s has %s operations on %s keys%s", m.Trace, human.Thousands(fmt.Sprint(m.Events)), human.Thousands(fmt.Sprint(m.Keys)), load)
	if m.Rate > 0 {
		s += fmt.Sprintf("; they came in %.1f s, %.0f a second; the standard deviation of the gaps between calls is %.2f of their mean", m.Seconds, m.Rate, m.GapCV)
	}
	keys := m.Spec.Distribution
	if m.Spec.Theta > 0 {
		keys += fmt.Sprintf(" with a skew of %v", m.Spec.Theta)
	}
	return s + ". The keys of the model are drawn " + keys + "."
}

// verdicts says each distance in a sentence.
func verdicts(m *trace.Model) (lines []page.Verdict) {
	for _, d := range m.Distances {
		text := fmt.Sprintf("%.3f, noise %.3f", d.Value, d.Noise)
		if d.Value <= d.Noise {
			text += ": not told from none"
		}
		lines = append(lines, page.Verdict{Subject: d.Of, Text: text})
	}
	return lines
}

// table is the distances with their methods.
func table(m *trace.Model) page.Table {
	t := page.Table{ID: "distance", Caption: "Distances of the model from the trace", Head: []page.Column{
		{Name: "of"}, {Name: "distance", Numeric: true}, {Name: "noise", Numeric: true}, {Name: "method"},
	}}
	for _, d := range m.Distances {
		t.Rows = append(t.Rows, []page.Cell{
			page.Head(d.Of), page.Number(d.Value, chart.UnitPlain), page.Number(d.Noise, chart.UnitPlain), page.Text(d.Method),
		})
	}
	return t
}
