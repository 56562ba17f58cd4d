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
	"lsmlab/harness/result"
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

// changesTable has every change with its figures.
func (d drawer) changesTable() page.Table {
	t := page.Table{ID: d.id("changes"), Caption: "Every change, shown and suspected", Head: []page.Column{
		{Name: "engine"},
		{Name: "workload"},
		{Name: "durability"},
		{Name: "threads", Numeric: true},
		{Name: "figure"},
		{Name: "first run"},
		{Name: "ratio", Numeric: true},
		{Name: "low", Numeric: true},
		{Name: "high", Numeric: true},
		{Name: "P", Numeric: true},
		{Name: "verdict"},
		{Name: "where"},
	}}
	for _, s := range d.group.Series {
		for _, c := range s.Changes {
			t.Rows = append(t.Rows, []page.Cell{
				page.Head(s.Engine), page.Text(s.Workload), page.Text(s.Durability), page.Int(int64(s.Threads)), page.Text(words(s.Figure)),
				page.Text(d.group.Runs[c.After].Dir), page.Number(c.Ratio, chart.UnitTimes), page.Number(c.Lo, chart.UnitTimes), page.Number(c.Hi, chart.UnitTimes),
				page.Number(c.P, chart.UnitPlain), page.Text(c.Word()), page.Text(c.Commits),
			})
		}
	}
	return t
}

// runsTable says which runs a group has.
func (d drawer) runsTable() page.Table {
	t := page.Table{ID: d.id("runs"), Caption: "Runs in their order", Head: []page.Column{
		{Name: "run"}, {Name: "commit"}, {Name: "committed"}, {Name: "measured"}, {Name: "kernel"}, {Name: "Go"},
	}}
	for _, r := range d.group.Runs {
		committed := ""
		if !r.CommitTime.IsZero() {
			committed = r.CommitTime.UTC().Format(timeLayout)
		}
		t.Rows = append(t.Rows, []page.Cell{
			page.Head(r.Dir), page.Text(result.Env{Commit: r.Commit, Dirty: r.Dirty}.ShortCommit()), page.Text(committed), page.Text(r.Started.UTC().Format(timeLayout)),
			page.Text(r.Kernel), page.Text(r.GoVersion),
		})
	}
	return t
}

const timeLayout = "2006-01-02 15:04"

// rawTable has every value.
func rawTable(h history.History) page.Table {
	t := page.Table{ID: "values", Caption: "Medians of every run", Head: []page.Column{
		{Name: "run"},
		{Name: "commit"},
		{Name: "engine"},
		{Name: "workload"},
		{Name: "durability"},
		{Name: "threads", Numeric: true},
		{Name: "figure"},
		{Name: "median", Numeric: true},
		{Name: "least", Numeric: true},
		{Name: "most", Numeric: true},
		{Name: "rounds", Numeric: true},
	}}
	for _, g := range h.Groups {
		for _, s := range g.Series {
			u := unitOf(s.Figure)
			for _, v := range s.Values {
				r := g.Runs[v.Run]
				t.Rows = append(t.Rows, []page.Cell{
					page.Head(r.Dir), page.Text(r.Name()), page.Text(s.Engine), page.Text(s.Workload), page.Text(s.Durability), page.Int(int64(s.Threads)), page.Text(words(s.Figure)),
					page.Number(v.Median, u), page.Number(v.Min, u), page.Number(v.Max, u), page.Int(int64(v.Rounds)),
				})
			}
		}
	}
	return t
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
