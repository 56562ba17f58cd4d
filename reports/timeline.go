package reports

import (
	"fmt"
	"math"
	"strings"

	"lsmlab/reports/page"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// A timeline shows one round of every engine under one workload: the median one.
// Its rows share the time axis.
var timelineRows = []timelineRow{
	{result.SeriesOps, "operations/s", chart.UnitCount, false, meanOf},
	{result.SeriesP99, "p99 latency of each 100 ms (log axis)", chart.UnitNanos, true, maxOf},
	{result.SeriesMemTable, "MemTable bytes", chart.UnitBytes, false, maxOf},
	{result.SeriesL0, "runs of L0", chart.UnitCount, false, maxOf},
	{result.SeriesDebt, "compaction debt", chart.UnitBytes, false, maxOf},
	{result.SeriesHeap, "Go heap", chart.UnitBytes, false, maxOf},
}

// timelineRow is one row of a timeline.
type timelineRow struct {
	series string
	title  string
	unit   chart.Unit
	log    bool
	reduce func([]float64) float64 // of the points that share a pixel
}

// maxPoints is how many points a curve has; more don't show at this width.
const maxPoints = 250

// timelineInput is one engine's round.
type timelineInput struct {
	look   chart.Look
	cell   result.Cell
	series map[string]result.Series
}

// timelinePanels returns the rows that have data.
func timelinePanels(rows []timelineRow, inputs []timelineInput) []chart.Panel {
	end := 0.0
	for _, in := range inputs {
		for _, s := range in.series {
			if n := len(s.Millis); n > 0 {
				end = math.Max(end, float64(s.Millis[n-1])/1000)
			}
		}
	}
	var panels []chart.Panel
	for _, row := range rows {
		set := chart.LineSet{Width: 1.2}
		for _, in := range inputs {
			l := timelineLine(in, row.series, row.log, row.reduce)
			if len(l.Xs) >= 2 && maxOf(l.Ys) > 0 {
				set.Lines = append(set.Lines, l)
			}
		}
		if len(set.Lines) == 0 {
			continue
		}
		p := timePlot(end)
		set.YRange(p, row.log)
		p.Y.Tick.Marker = chart.LinearTicks{Unit: row.unit, Want: 3}
		if row.unit.Name == "" && p.Y.Max < 4 {
			p.Y.Tick.Marker = chart.LinearTicks{Unit: row.unit, Want: int(p.Y.Max)}
		}
		if row.log {
			p.Y.Scale = plot.LogScale{}
			p.Y.Tick.Marker = sparse{chart.LogTicks{Unit: row.unit}, 4}
		}
		p.Add(set)
		panels = append(panels, chart.Panel{Title: row.title, Plot: p, Height: vg.Points(74)})
	}
	if len(panels) == 0 {
		return nil
	}
	if e, ok := eventPanel(inputs, end); ok {
		panels = append(panels, e)
	}
	last := &panels[len(panels)-1]
	last.Plot.X.Label.Text = "seconds since the start of the measured part"
	last.Height += vg.Points(12)
	return panels
}

func timePlot(end float64) *plot.Plot {
	p := chart.NewPlot()
	p.X.Min, p.X.Max = 0, math.Max(end, 0.1)
	p.X.Tick.Marker = chart.LinearTicks{Unit: chart.UnitCount, Want: 5}
	return p
}

// sparse leaves labels off where there are more than most.
type sparse struct {
	ticker plot.Ticker
	most   int
}

// Ticks implements [plot.Ticker].
func (s sparse) Ticks(low, high float64) []plot.Tick {
	ticks := s.ticker.Ticks(low, high)
	n := 0
	for _, t := range ticks {
		if !t.IsMinor() {
			n++
		}
	}
	every := (n + s.most - 1) / s.most
	at := 0
	for i, t := range ticks {
		if t.IsMinor() {
			continue
		}
		if at%max(every, 1) != 0 {
			ticks[i].Label = ""
		}
		at++
	}
	return ticks
}

// timelineLine returns a curve of at most maxPoints points, with a few markers.
func timelineLine(in timelineInput, name string, log bool, reduce func([]float64) float64) chart.Line {
	s := withoutStub(in.series[name])
	l := chart.Line{Look: in.look}
	per := (len(s.Millis) + maxPoints - 1) / maxPoints
	for i := 0; i < len(s.Millis); i += max(per, 1) {
		j := min(i+max(per, 1), len(s.Millis))
		v := reduce(s.Values[i:j])
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || log && v == 0 {
			continue
		}
		l.Xs, l.Ys = append(l.Xs, float64(s.Millis[j-1])/1000), append(l.Ys, v)
	}
	const markers = 4
	offset := len(in.look.Name) // so that engines' markers don't fall on each other
	for k := range markers {
		if n := len(l.Xs); n > 2*markers {
			l.Marks = append(l.Marks, (k*n/markers+offset%5*n/markers/5)%n)
		}
	}
	return l
}

// withoutStub leaves out a last point whose interval is too short for its rate to
// mean anything.
func withoutStub(s result.Series) result.Series {
	n := len(s.Millis)
	if n >= 2 && s.Millis[n-1]-s.Millis[n-2] < result.SampleInterval.Milliseconds()/2 {
		s.Millis, s.Values = s.Millis[:n-1], s.Values[:n-1]
	}
	return s
}

func meanOf(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	sum := 0.0
	for _, x := range v {
		sum += x
	}
	return sum / float64(len(v))
}

func maxOf(v []float64) float64 {
	out := math.Inf(-1)
	for _, x := range v {
		out = math.Max(out, x)
	}
	return out
}

// event is something that an engine did in the interval that ends at a time.
type event struct {
	seconds float64
	kind    int // of eventKinds
}

const (
	eventFlush = iota
	eventCompaction
	eventStall
)

var eventKinds = []struct{ name, series string }{
	eventFlush:      {"flush", result.SeriesFlushes},
	eventCompaction: {"compaction", result.SeriesCompactions},
	eventStall:      {"stall", result.SeriesStalls},
}

// eventsOf returns the intervals in which an engine's counters rose, kind by kind.
func eventsOf(series map[string]result.Series) (events []event) {
	for kind, k := range eventKinds {
		s := series[k.series]
		for i, v := range s.Values {
			if v > 0 {
				events = append(events, event{float64(s.Millis[i]) / 1000, kind})
			}
		}
	}
	return events
}

// eventStrip draws the events of every engine in a row.
type eventStrip struct {
	looks  []chart.Look
	events [][]event
}

// eventPanel returns the strip of all engines that have events.
func eventPanel(inputs []timelineInput, end float64) (chart.Panel, bool) {
	var s eventStrip
	for _, in := range inputs {
		if e := eventsOf(in.series); len(e) > 0 {
			s.looks, s.events = append(s.looks, in.look), append(s.events, e)
		}
	}
	n := len(s.looks)
	if n == 0 {
		return chart.Panel{}, false
	}
	p := timePlot(end)
	p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5
	var names plot.ConstantTicks
	for i, l := range s.looks {
		names = append(names, plot.Tick{Value: float64(n - 1 - i), Label: l.Name})
	}
	p.Y.Tick.Marker = names
	p.Y.Tick.Length = 0
	p.Add(s)
	return chart.Panel{Title: "events: | flush, o compaction, x stall", Plot: p, Height: vg.Points(14*float64(n) + 22)}, true
}

// Plot implements [plot.Plotter].
func (s eventStrip) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	chart.DrawVerticals(c, p, x)
	for i, events := range s.events {
		at := y(float64(len(s.looks) - 1 - i))
		sty := draw.LineStyle{Color: s.looks[i].Color, Width: vg.Points(1.1)}
		for _, e := range events {
			px, r := x(e.seconds), vg.Points(3)
			switch e.kind {
			case eventFlush:
				c.StrokeLine2(sty, px, at-vg.Points(5), px, at+vg.Points(5))
			case eventCompaction:
				c.SetLineStyle(sty)
				c.Stroke(chart.Circle.Path(vg.Point{X: px, Y: at}, r))
			case eventStall:
				c.StrokeLine2(sty, px-r, at-r, px+r, at+r)
				c.StrokeLine2(sty, px-r, at+r, px+r, at-r)
			}
		}
	}
}

// timelineGroup draws the median round of every engine.
func (r *run) timelineGroup(s *section) (page.Group, error) {
	g := page.Group{
		ID: "timeline", Title: "Timelines",
		Note: "One round of every engine: the one whose " + s.deciding().name + " is nearest to the median. A mark of a flush, compaction or stall stands for one or more within 100 ms, by the engine's own count, and the sentence below has their numbers; an engine that does not count them has none, nor has a run that did not record them. A gauge that an engine does not report, or that stays zero, has no line; a last interval under 50 ms has no point; curves of over 250 points are thinned, keeping the highest of each part (of throughput the mean).",
	}
	for _, w := range s.workloads {
		parts := chart.Chunks(s.enginesOf(w), r.baseline)
		for i, part := range parts {
			f := r.frame(s, "timeline", w, "timeline")
			f.Subtitle = s.String() + "; the median round of each engine"
			f.Number(i, len(parts))
			var inputs []timelineInput
			var shown []string
			for _, e := range part {
				c := s.at(e, w).medianCell(s.deciding())
				series, err := r.series(c)
				if err != nil {
					return g, err
				}
				if len(series[result.SeriesOps].Millis) < minTimeline {
					continue
				}
				if in, ok := series[result.SeriesIntendedP99]; ok && s.open() {
					series[result.SeriesP99] = in
				}
				inputs = append(inputs, timelineInput{r.looks[e], c, series})
				f.Legend = append(f.Legend, r.looks[e])
				shown = append(shown, fmt.Sprintf("%s %d", e, c.Round))
			}
			if f.Panels = timelinePanels(timelineRows, inputs); len(f.Panels) == 0 {
				continue
			}
			f.Finding = timelineFinding(inputs)
			f.Caption = "Round shown: " + strings.Join(shown, ", ") + "."
			g.Figures = append(g.Figures, f)
		}
	}
	return g, nil
}

// minTimeline is how many points a timeline takes: with fewer it shows nothing.
const minTimeline = 5

// medianCell is the round that stands for all.
func (g *group) medianCell(m metric) result.Cell {
	var values []float64
	for _, c := range g.cells {
		v, _ := m.of(c)
		values = append(values, v)
	}
	return g.cells[stat.MedianIndex(values)]
}

func timelineFinding(inputs []timelineInput) string {
	var words []string
	for _, in := range inputs {
		m := in.cell.Metrics
		if m == nil {
			continue
		}
		var parts []string
		for kind, n := range []int64{eventFlush: m.Flushes, eventCompaction: m.Compactions, eventStall: m.Stalls} {
			if n > 0 {
				parts = append(parts, human.Count(int(n), eventKinds[kind].name))
			}
		}
		if len(parts) > 0 {
			words = append(words, in.look.Name+": "+strings.ReplaceAll(strings.Join(parts, ", "), "flushs", "flushes"))
		}
	}
	if len(words) == 0 {
		return "No flush, compaction or stall was counted in these rounds."
	}
	return "In these rounds, " + strings.Join(words, "; ") + "."
}
