package race

import (
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// sweep is a figure over one quantity on the axis: threads, or keys.
type sweep struct {
	metric metric
	axis   string
	log    bool // the metric's axis is logarithmic
	points []point
}

// point is one position on the axis of a sweep.
type point struct {
	s        *section
	workload string
	at       float64 // position on the axis: the logarithm of the quantity
	label    string
	where    string // how a sentence names the position
}

// sweepFigures draws a sweep, with as many engines in a figure as can be told apart. It
// draws nothing if the sweep has only one point.
func (r *run) sweepFigures(sw sweep, frame func() chart.Figure) (figures []chart.Figure) {
	if len(sw.points) < 2 {
		return nil
	}
	parts := chart.Chunks(sw.engines(), r.baseline)
	for i, part := range parts {
		f := frame()
		f.Number(i, len(parts))
		var lines []chart.Line
		var sums []stat.Summary
		for _, e := range part {
			l, these := sw.line(e)
			if len(l.Xs) == 0 {
				continue
			}
			l.Look = r.looks[e]
			lines, sums = append(lines, l), append(sums, these...)
			f.Legend = append(f.Legend, l.Look)
		}
		if len(lines) == 0 {
			continue
		}
		f.Panels = []chart.Panel{sw.panel(lines)}
		last := sw.points[len(sw.points)-1]
		f.Finding = "At " + last.where + ": " + last.s.extremes(last.workload, sw.metric)
		short, long := chart.Whiskers(sums)
		f.Subtitle += "; " + short
		f.Caption = "Medians over rounds. " + long
		figures = append(figures, f)
	}
	return figures
}

func (sw sweep) engines() (out []string) {
	for _, p := range sw.points {
		for _, e := range p.s.enginesOf(p.workload) {
			if !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	return out
}

// line returns the line of an engine, and the summaries from which it is made.
func (sw sweep) line(engine string) (l chart.Line, sums []stat.Summary) {
	for _, p := range sw.points {
		sum := p.s.at(engine, p.workload).summary(sw.metric)
		if sum.N() == 0 {
			continue
		}
		l.Marks = append(l.Marks, len(l.Xs))
		l.Xs, l.Ys = append(l.Xs, p.at), append(l.Ys, sum.Median)
		l.Lo, l.Hi = append(l.Lo, sum.Lo), append(l.Hi, sum.Hi)
		sums = append(sums, sum)
	}
	return l, sums
}

func (sw sweep) panel(lines []chart.Line) chart.Panel {
	p := chart.NewPlot()
	set := chart.LineSet{Lines: lines, Width: 1.6}
	ticks := plot.ConstantTicks{}
	for _, at := range sw.points {
		ticks = append(ticks, plot.Tick{Value: at.at, Label: at.label})
	}
	p.X.Min, p.X.Max = ticks[0].Value-0.25, ticks[len(ticks)-1].Value+0.25
	p.X.Tick.Marker = ticks
	p.X.Label.Text = sw.axis
	set.YRange(p, sw.log)
	p.Y.Tick.Marker = chart.LinearTicks{Unit: sw.metric.unit, Want: 5}
	if sw.log {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = chart.LogTicks{Unit: sw.metric.unit}
	}
	p.Add(set)
	return chart.Panel{Plot: p, Height: vg.Points(185)}
}
