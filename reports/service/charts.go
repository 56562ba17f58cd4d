package service

import (
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// groups draws a load run.
func (s *run) groups() ([]page.Group, error) {
	timelines, err := s.timelines()
	if err != nil {
		return nil, err
	}
	groups := s.tableGroups()
	if c, ok := s.any(); ok && c.Sweep {
		groups = append(groups, s.sweepGroup(c))
	} else {
		groups = append(groups, s.phaseGroup("latency", "Latency", "By phase. The line is the objective for p95.", p95Latency, p99Latency),
			s.phaseGroup("rate", "Requests a second", "By phase. An open load asks at its own rate: a server that keeps up serves all of it.", requestRate))
	}
	groups = append(groups, s.resourceGroup(), timelines)
	return slices.DeleteFunc(groups, func(g page.Group) bool { return len(g.Figures) == 0 && g.Table == nil }), nil
}

// frame returns a figure with everything that all figures share.
func (s *run) frame(name, title string) chart.Figure {
	return chart.Figure{
		Name: result.FileSafe(name), Title: title, Footer: page.Provenance(s.Env),
		Subtitle: fmt.Sprintf("profile %s, open load by k6; %s", s.Plan.Profile, human.Count(s.Plan.Rounds, "round")),
	}
}

// row returns a look with the name of a row: the engine, and its environment if there
// are several.
func (s *run) row(engine, environment string) chart.Look {
	l := s.looks[engine]
	if len(s.Plan.Environments) > 1 {
		l.Name += ", " + environment
	}
	return l
}

// dots makes the rows of a metric in a phase.
func (s *run) dots(m phaseMetric, phase string) (chart.DotPanel, []stat.Summary) {
	d := chart.DotPanel{Title: m.name, Label: m.label, Unit: m.unit, Ref: math.NaN()}
	var sums []stat.Summary
	for _, e := range s.Plan.Engines {
		for _, env := range s.Plan.Environments {
			sum := m.summary(s.at(e, env.Name), phase)
			if sum.N() == 0 {
				continue
			}
			sums = append(sums, sum)
			d.Rows = append(d.Rows, chart.SumRow(s.row(e, env.Name), sum))
		}
	}
	return d, sums
}

// ends says which rows are at the ends of a panel.
func ends(d chart.DotPanel) string {
	if len(d.Rows) == 0 {
		return ""
	}
	low, high := d.Rows[0], d.Rows[0]
	for _, r := range d.Rows {
		if r.Mid < low.Mid {
			low = r
		}
		if r.Mid > high.Mid {
			high = r
		}
	}
	if d.Unit.Format(low.Mid) == d.Unit.Format(high.Mid) {
		return fmt.Sprintf("%s: %s.", human.UpperFirst(d.Title), d.Unit.Format(low.Mid))
	}
	return fmt.Sprintf("%s: from %s (%s) to %s (%s).", human.UpperFirst(d.Title), d.Unit.Format(low.Mid), low.Look.Name, d.Unit.Format(high.Mid), high.Look.Name)
}

// phaseGroup draws metrics below each other, with one figure for each phase.
func (s *run) phaseGroup(id, title, note string, metrics ...phaseMetric) page.Group {
	g := page.Group{ID: id, Title: title, Note: note + chart.ReadDots + chart.ReadLooks}
	for _, phase := range s.phases {
		f := s.frame(id+"-"+phase, phase+": "+human.LowerFirst(title))
		var panels []chart.DotPanel
		var sums []stat.Summary
		for _, m := range metrics {
			d, these := s.dots(m, phase)
			if c, ok := s.any(); ok && m.key == p95Latency.key {
				d.Ref = float64(c.ObjectiveP95NS)
				d.Log = true
			}
			d.Log = d.Log || m.key == p99Latency.key
			panels, sums = append(panels, d), append(sums, these...)
			f.Finding = strings.TrimSpace(f.Finding + " " + ends(d))
		}
		g.AddDots(f, sums, panels...)
	}
	return g
}

// resourceGroup draws what the server used, over the whole cell.
func (s *run) resourceGroup() page.Group {
	g := page.Group{ID: "resources", Title: "CPU and memory of the server", Note: "Lower is better." + chart.ReadDots + chart.ReadLooks}
	if len(s.phases) == 0 {
		return g
	}
	f := s.frame("resources", "CPU and memory of the server")
	var panels []chart.DotPanel
	var sums []stat.Summary
	for _, m := range []phaseMetric{cpuPeak, cpuPerRequest, serverRSS} {
		d, these := s.dots(m, s.phases[0])
		panels, sums = append(panels, d), append(sums, these...)
		f.Finding = strings.TrimSpace(f.Finding + " " + ends(d))
	}
	g.AddDots(f, sums, panels...)
	return g
}

// sweepGroup draws the highest sustained rates and, for every environment, how p95 rose
// with the rate.
func (s *run) sweepGroup(c result.LoadCell) page.Group {
	g := page.Group{ID: "sweep", Title: "Highest sustainable rate", Note: fmt.Sprintf(
		"A step counts as sustained if its p95 was below %s, at most %.3g%% of its requests failed, and at most %.0f%% of its arrivals were missed; the highest rate is that of the last step before the first that was not.",
		chart.UnitNanos.Format(float64(c.ObjectiveP95NS)), 100*c.ErrorRate, 100*result.MissedShare) + chart.ReadDots}
	f := s.frame("sustained", "Highest sustained rate")
	d, sums := s.dots(sustained, s.phases[0])
	f.Finding = ends(d)
	g.AddDots(f, sums, d)
	for _, env := range s.Plan.Environments {
		if f, ok := s.sweepFigure(env.Name, float64(c.ObjectiveP95NS)); ok {
			g.Figures = append(g.Figures, f)
		}
	}
	return g
}

// sweepFigure draws p95 over the rate, the median of the rounds at each step.
func (s *run) sweepFigure(environment string, objective float64) (chart.Figure, bool) {
	f := s.frame("sweep-"+environment, environment+": p95 as the rate rises")
	set := chart.LineSet{Width: 1.6}
	for _, e := range s.Plan.Engines {
		l := chart.Line{Look: s.looks[e]}
		cells := s.at(e, environment)
		for _, phase := range s.phases {
			if p95 := p95Latency.summary(cells, phase); p95.N() > 0 && p95.Median > 0 {
				l.Marks = append(l.Marks, len(l.Xs))
				l.Xs, l.Ys = append(l.Xs, arrivalRate.summary(cells, phase).Median), append(l.Ys, p95.Median)
			}
		}
		if len(l.Xs) > 0 {
			set.Lines, f.Legend = append(set.Lines, l), append(f.Legend, s.looks[e])
		}
	}
	if len(set.Lines) == 0 {
		return f, false
	}
	p := chart.NewPlot()
	set.XRange(p)
	set.YRange(p, true)
	p.Y.Min, p.Y.Max = math.Min(p.Y.Min, objective/1.3), math.Max(p.Y.Max, objective*1.3)
	p.X.Label.Text, p.X.Tick.Marker = "arrivals a second", chart.LinearTicks{Unit: chart.UnitCount, Want: 5}
	p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, chart.SparseTicks{Ticker: chart.LogTicks{Unit: chart.UnitNanos}, Most: 5}
	p.Add(set, horizontal(objective))
	f.Panels = []chart.Panel{{Title: "p95 (log axis); the line is the objective", Plot: p, Height: vg.Points(150)}}
	f.Caption = "A marker is a step of the sweep; the sweep ends with the first step that breaks the objective."
	return f, true
}

// horizontal is a line across a plot.
type horizontal float64

// Plot implements [plot.Plotter].
func (h horizontal) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	at := y(float64(h))
	c.StrokeLine2(draw.LineStyle{Color: color.Black, Width: vg.Points(0.9)}, c.Min.X, at, c.Max.X, at)
}

// serviceRows are the rows of a load's timeline.
var serviceRows = []chart.TimelineRow{
	{Series: result.SeriesRequests, Title: "requests/s", Unit: chart.UnitCount, Reduce: chart.MeanOf},
	{Series: result.SeriesP95, Title: "p95 latency (log axis)", Unit: chart.UnitNanos, Log: true, Reduce: chart.MaxOf},
	{Series: result.SeriesUsers, Title: "virtual users that are busy", Unit: chart.UnitCount, Reduce: chart.MaxOf},
	{Series: result.SeriesErrors, Title: "failed requests/s", Unit: chart.UnitCount, Reduce: chart.MaxOf},
	{Series: result.SeriesCPU, Title: "cores used by the server", Unit: unitCores, Reduce: chart.MeanOf},
	{Series: result.SeriesClientCPU, Title: "cores used by k6", Unit: unitCores, Reduce: chart.MeanOf},
	{Series: result.SeriesRSS, Title: "resident memory of the server", Unit: chart.UnitBytes, Reduce: chart.MaxOf},
}

// timelines draws the median round of every engine, with one figure for each
// environment.
func (s *run) timelines() (page.Group, error) {
	g := page.Group{ID: "timelines", Title: "Timelines", Note: "One round of every engine: the one whose p95 in the last phase is nearest to the median. A row without a line stayed zero."}
	for _, env := range s.Plan.Environments {
		f := s.frame("timeline-"+env.Name, env.Name+": timeline")
		var inputs []chart.TimelineInput
		var last result.LoadCell
		for _, e := range s.Plan.Engines {
			cells := s.at(e, env.Name)
			if len(cells) == 0 {
				continue
			}
			last = medianLoad(cells)
			series, err := s.series(last)
			if err != nil {
				return g, err
			}
			inputs = append(inputs, chart.TimelineInput{Look: s.looks[e], Series: series})
			f.Legend = append(f.Legend, s.looks[e])
		}
		if f.Panels = chart.TimelinePanels(serviceRows, inputs); len(f.Panels) == 0 {
			continue
		}
		f.Caption = phaseTimes(last)
		g.Figures = append(g.Figures, f)
	}
	return g, nil
}

// medianLoad returns the round that stands for all.
func medianLoad(cells []result.LoadCell) result.LoadCell {
	var values []float64
	for _, c := range cells {
		values = append(values, float64(c.Phases[len(c.Phases)-1].Latency.P95))
	}
	return cells[stat.MedianIndex(values)]
}
