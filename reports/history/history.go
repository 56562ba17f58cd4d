// Package history draws figures over commits or dates, with the places at which they
// change.
package history

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lsmlab/harness/compare"
	"lsmlab/harness/history"
	"lsmlab/harness/human"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// Is says whether dir has a history.
func Is(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, history.File))
	return err == nil
}

// Render draws the page of a history and returns its path.
func Render(dir string) (indexPath string, err error) {
	h, err := history.Read(dir)
	if err != nil {
		return "", err
	}
	if len(h.Groups) == 0 {
		return "", fmt.Errorf("%s: no runs: name some to `lsmlab history`", filepath.Join(dir, history.File))
	}
	last, short := h.Groups[0].Env, h.Groups[0].Env
	last.Command, short.Command = h.Command, clip(h.Command)
	p := &page.Page{
		Title: "Figures over time", Lead: lead(h), Notes: notes(h),
		Environment: page.Environment(last, "as each run's own page says"), Provenance: page.Provenance(short),
		Downloads: page.Present(dir, []page.Download{{Path: history.File, What: "every figure and every change"}}),
		Raw:       rawTable(h),
	}
	for i, g := range h.Groups {
		env := g.Env
		env.Command = short.Command
		d := drawer{group: g, number: i + 1, footer: page.Provenance(env)}
		p.Sections = append(p.Sections, d.section(len(h.Groups)))
		p.Verdicts = append(p.Verdicts, page.Verdicts{Setting: d.title(len(h.Groups)), Lines: verdicts(g)})
	}
	return p.Write(dir)
}

// clip shortens a command that names many directories; the whole one is in the table of the
// environment and in history.json.
func clip(command string) string {
	const most = 90
	if len(command) <= most {
		return command
	}
	return command[:most] + ".. (the whole command is in " + history.File + ")"
}

func lead(h history.History) string {
	runs := 0
	for _, g := range h.Groups {
		runs += len(g.Runs)
	}
	g := h.Groups[0]
	s := fmt.Sprintf("%s, in order of %s, %s to %s. ", human.UpperFirst(human.Count(runs, "run")), orderWord(g.By), g.Runs[0].Name(), g.Runs[len(g.Runs)-1].Name())
	return s + g.Conclusion()
}

func orderWord(by string) string {
	if by == history.ByCommit {
		return "commits"
	}
	return "dates"
}

func notes(h history.History) (notes []string) {
	for _, g := range h.Groups {
		if g.Differs != "" {
			notes = append(notes, "Not all runs are comparable; each kind has a section of its own: "+g.Differs+".")
		}
	}
	return append(notes, "Changes are found by E-divisive with a permutation test (Matteson, James, 2014) on the logarithms of the medians of runs. "+
		"A solid line is a change that counts among all series of its figure at 5% (Bonferroni); a dashed one is suspected: it counts in its own series alone. "+
		"A slow drift of the machine looks like changes: measure an old commit again before a change is blamed on the code.")
}

// verdicts says each change in a sentence, those that are shown first.
func verdicts(g history.Group) (lines []page.Verdict) {
	for _, shown := range []bool{true, false} {
		for _, s := range g.Series {
			for _, c := range s.Changes {
				if c.Shown == shown {
					lines = append(lines, page.Verdict{Subject: s.Group.String() + ", " + words(s.Figure), Text: sentence(c)})
				}
			}
		}
	}
	if len(lines) == 0 {
		lines = []page.Verdict{{Subject: "No change", Text: g.Conclusion()}}
	}
	return lines
}

// sentence says what changed where.
func sentence(c history.Change) string {
	state := c.Verdict
	if !c.Shown {
		state = "suspected " + c.Verdict
	}
	text := fmt.Sprintf("%s, times %.3f (%.3f to %.3f), %s", state, c.Ratio, c.Lo, c.Hi, c.Commits)
	if len(c.Also) > 0 {
		text += "; " + strings.Join(c.Also, "; ")
	}
	return text + "."
}

// words writes the name of a figure for people.
func words(figure string) string {
	if figure == "ops_per_sec" {
		return "operations/s"
	}
	return "p99 latency"
}

func unitOf(figure string) chart.Unit {
	if strings.HasSuffix(figure, "_ns") {
		return chart.UnitNanos
	}
	return chart.UnitCount
}

// enginesOf returns the engines of a group in the order of their names.
func enginesOf(g history.Group) (names []string) {
	for _, s := range g.Series {
		names = append(names, s.Engine)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// settingOf is a group of cells without its engine.
func settingOf(g compare.Group) string {
	g.Engine = ""
	return strings.TrimSpace(g.String())
}
