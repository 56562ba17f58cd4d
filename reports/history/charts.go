package history

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lsmlab/harness/history"
	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// drawer draws one group of comparable runs.
type drawer struct {
	group  history.Group
	number int // from 1
	footer string
}

// id returns the name of a part of the page.
func (d drawer) id(part string) string { return fmt.Sprintf("g%d-%s", d.number, part) }

func (d drawer) title(groups int) string {
	if groups == 1 {
		return "Changes"
	}
	return fmt.Sprintf("Runs of kind %d of %d", d.number, groups)
}

// section draws each figure of a group: one chart an engine, under a heading for each
// workload with its setting.
func (d drawer) section(groups int) page.Section {
	s := page.Section{
		ID: d.id("figures"), Title: "Figures", TablesTitle: "Changes and runs", Tables: []page.Table{d.changesTable(), d.runsTable()},
		Intro: fmt.Sprintf("%s on %s. Work %s.", human.UpperFirst(human.Count(len(d.group.Runs), "run")), d.group.Machine, d.group.Work),
	}
	if groups > 1 {
		s.Title = d.title(groups)
	}
	looks := chart.LooksOf(enginesOf(d.group), d.group.Env.IsOwn)
	all := d.group.Series
	for len(all) > 0 {
		setting := settingOf(all[0].Group)
		g := page.Group{ID: d.id(result.FileSafe(setting)), Title: setting}
		for len(all) > 0 && settingOf(all[0].Group) == setting {
			n := 1
			for n < len(all) && all[n].Group == all[0].Group {
				n++
			}
			g.Figures = append(g.Figures, d.figure(all[:n], looks[all[0].Engine]))
			all = all[n:]
		}
		s.Groups = append(s.Groups, g)
	}
	return s
}

// figure draws the series of one engine under one workload, a panel each.
func (d drawer) figure(series []history.Series, look chart.Look) chart.Figure {
	first := series[0]
	f := chart.Figure{
		Name: d.id(result.FileSafe(first.Group.String())), Title: first.Engine + ", " + settingOf(first.Group),
		Subtitle: fmt.Sprintf("%s by %s; bars: least and greatest round", human.Count(len(first.Values), "run"), d.group.By),
		Footer:   d.footer, Finding: finding(series),
		Caption: "Marker: median of a run's rounds. Vertical line: the figure changes here, and its label is the first run after; dashed: suspected. The vertical axis need not begin at 0.",
	}
	for _, s := range series {
		f.Panels = append(f.Panels, d.panel(s, look))
	}
	last := &f.Panels[len(f.Panels)-1]
	last.Plot.X.Label.Text = "run, by " + d.group.By
	last.Height += vg.Points(12)
	return f
}

// finding says what changed in words.
func finding(series []history.Series) string {
	var all []string
	for _, s := range series {
		for _, c := range s.Changes {
			all = append(all, human.UpperFirst(words(s.Figure))+" "+sentence(c))
		}
	}
	if len(all) == 0 {
		return "No change can be told."
	}
	return strings.Join(all, " ")
}

// panel draws one series.
func (d drawer) panel(s history.Series, look chart.Look) chart.Panel {
	l := chart.Line{Look: look}
	for i, v := range s.Values {
		l.Xs, l.Ys = append(l.Xs, float64(v.Run)), append(l.Ys, v.Median)
		l.Lo, l.Hi = append(l.Lo, v.Min), append(l.Hi, v.Max)
		l.Marks = append(l.Marks, i)
	}
	var breaks chart.Breaks
	for _, c := range s.Changes {
		breaks = append(breaks, chart.Break{
			At: float64(c.Before+c.After) / 2, Sure: c.Shown, Label: fmt.Sprintf("%s: ×%.2f", d.label(c.After), c.Ratio),
		})
	}
	set := chart.LineSet{Lines: []chart.Line{l}, Width: 1.4}
	p := chart.NewPlot()
	set.YRange(p, false)
	zoom(p, l)
	p.X.Min, p.X.Max = -0.5, float64(len(d.group.Runs))-0.5
	p.X.Tick.Marker = d.ticks()
	p.Y.Tick.Marker = chart.LinearTicks{Unit: unitOf(s.Figure), Want: 4}
	p.Add(set, breaks)
	better := "lower"
	if s.Higher {
		better = "higher"
	}
	return chart.Panel{Title: fmt.Sprintf("%s (%s is better)", words(s.Figure), better), Plot: p, Height: vg.Points(110)}
}

// zoom begins the vertical axis near the least value, so that a change of a few percent is
// seen, and leaves room for labels at its top. It shows a fifth of the greatest value at
// least, so that noise of a percent does not look like a change.
func zoom(p *plot.Plot, l chart.Line) {
	low, high := slices.Min(l.Lo), slices.Max(l.Hi)
	span := max(high-low, high/5)
	p.Y.Min, p.Y.Max = max(0, low-span/10), low+1.4*span
}

// label names a run in a few characters.
func (d drawer) label(run int) string {
	all := d.group.Runs
	switch r := all[run]; {
	case r.Commit != "" && d.group.By == history.ByCommit:
		return r.Commit[:min(7, len(r.Commit))]
	case all[len(all)-1].Started.Sub(all[0].Started) < 48*time.Hour:
		return r.Started.UTC().Format("01-02 15:04")
	default:
		return r.Started.UTC().Format(time.DateOnly)
	}
}

// labels is how many runs the axis names.
const labels = 5

// ticks names about labels runs, evenly, and marks all.
func (d drawer) ticks() (ticks plot.ConstantTicks) {
	n := len(d.group.Runs)
	named := []int{}
	for i := range min(n, labels) {
		named = append(named, i*(n-1)/max(1, min(n, labels)-1))
	}
	for i := range n {
		t := plot.Tick{Value: float64(i)}
		if slices.Contains(named, i) {
			t.Label = d.label(i)
		}
		ticks = append(ticks, t)
	}
	return ticks
}
