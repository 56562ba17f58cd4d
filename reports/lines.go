package reports

import (
	"math"
	"strconv"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// maxSeries is how many engines a panel of lines holds; more are told apart no
// longer.
const maxSeries = 7

// chunks cuts engines into parts of at most maxSeries. Every part but the one
// that has it begins with the baseline, so that parts can be compared.
func chunks(engines []string, baseline string) [][]string {
	if len(engines) <= maxSeries {
		return [][]string{engines}
	}
	var rest []string
	has := false
	for _, e := range engines {
		if e == baseline {
			has = true
			continue
		}
		rest = append(rest, e)
	}
	room := maxSeries
	if has {
		room--
	}
	parts := (len(rest) + room - 1) / room
	var out [][]string
	for i := range parts {
		var part []string
		if has {
			part = append(part, baseline)
		}
		out = append(out, append(part, rest[i*len(rest)/parts:(i+1)*len(rest)/parts]...))
	}
	return out
}

// line is one engine's curve.
type line struct {
	look   look
	xs, ys []float64
	lo, hi []float64 // intervals, or nil
	marks  []int     // points with a marker
}

// lineSet draws curves over a grid.
type lineSet struct {
	lines []line
	width float64 // points
}

// Plot implements [plot.Plotter].
func (s lineSet) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	drawVerticals(c, p, x)
	drawHorizontals(c, p, y)
	for _, l := range s.lines {
		points := make([]vg.Point, len(l.xs))
		for i := range l.xs {
			points[i] = vg.Point{X: x(l.xs[i]), Y: y(l.ys[i])}
		}
		c.StrokeLines(l.look.line(vg.Points(s.width)), c.ClipLinesXY(points)...)
		for i := range l.lo {
			if !math.IsNaN(l.lo[i]) {
				c.StrokeLine2(draw.LineStyle{Color: l.look.color, Width: vg.Points(1.2)}, points[i].X, y(l.lo[i]), points[i].X, y(l.hi[i]))
			}
		}
	}
	for _, l := range s.lines { // over all lines
		for _, i := range l.marks {
			if at := (vg.Point{X: x(l.xs[i]), Y: y(l.ys[i])}); c.Contains(at) {
				l.look.mark(&c, at, vg.Points(3))
			}
		}
	}
}

// yRange sets the range of the vertical axis to what the lines show.
func (s lineSet) yRange(p *plot.Plot, log bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range s.lines {
		for _, ys := range [][]float64{l.ys, l.lo, l.hi} {
			for _, v := range ys {
				if !math.IsNaN(v) {
					low, high = math.Min(low, v), math.Max(high, v)
				}
			}
		}
	}
	if log {
		span := math.Max(high/low, 1.5)
		p.Y.Min, p.Y.Max = low/math.Pow(span, 0.06), high*math.Pow(span, 0.08)
		return
	}
	if high <= 0 {
		high = 1
	}
	p.Y.Min, p.Y.Max = 0, high*1.08
}

// Percentiles that have a tick and a column.
var percentiles = []struct {
	q    float64
	name string
}{
	{50, "p50"}, {90, "p90"}, {99, "p99"}, {99.9, "p99.9"}, {99.99, "p99.99"}, {99.999, "p99.999"}, {99.9999, "p99.9999"},
}

// nines is the horizontal axis of a percentile curve: 1 for p90, 2 for p99.
func nines(q float64) float64 { return -math.Log10(1 - q/100) }

// latencyLine is the percentile curve of a histogram from p50 to its maximum,
// which stands where one of the recorded values is above.
func latencyLine(l look, h *hdrhistogram.Histogram) line {
	out := line{look: l}
	last := nines(100 * (1 - 1/float64(max(h.TotalCount(), 2))))
	add := func(x float64, v int64) {
		out.xs, out.ys = append(out.xs, x), append(out.ys, math.Max(float64(v), 1))
	}
	const steps = 20 // a decade of the axis
	for i := int(math.Ceil(nines(50) * steps)); ; i++ {
		x := float64(i) / steps
		if len(out.xs) == 0 {
			add(nines(50), h.ValueAtQuantile(50))
			out.marks = append(out.marks, 0)
		}
		if x >= last {
			break
		}
		if x <= nines(50) {
			continue
		}
		if i%steps == 0 {
			out.marks = append(out.marks, len(out.xs))
		}
		add(x, h.ValueAtQuantile(100*(1-math.Pow(10, -x))))
	}
	if last > nines(50) {
		out.marks = append(out.marks, len(out.xs))
		add(last, h.Max())
	}
	return out
}

// latencyPanel draws percentile curves.
func latencyPanel(lines []line) panel {
	p := newPlot()
	set := lineSet{lines, 1.6}
	p.X.Min, p.X.Max = nines(50), nines(90)
	for _, l := range lines {
		p.X.Max = math.Max(p.X.Max, l.xs[len(l.xs)-1])
	}
	p.X.Max += 0.1
	ticks := plot.ConstantTicks{}
	for _, q := range percentiles {
		if x := nines(q.q); x <= p.X.Max {
			ticks = append(ticks, plot.Tick{Value: x, Label: q.name})
		}
	}
	p.X.Tick.Marker = ticks
	p.X.Label.Text = "percentile of operations (the last marker is the maximum)"
	set.yRange(p, true)
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = logTicks{unitNanos}
	p.Add(set)
	return panel{plot: p, height: vg.Points(185)}
}

// scalingPanel draws a figure over thread counts.
func scalingPanel(lines []line, threads []int, u unit, label string, log bool) panel {
	p := newPlot()
	set := lineSet{lines, 1.6}
	ticks := plot.ConstantTicks{}
	for _, t := range threads {
		ticks = append(ticks, plot.Tick{Value: math.Log2(float64(t)), Label: strconv.Itoa(t)})
	}
	p.X.Min, p.X.Max = ticks[0].Value-0.25, ticks[len(ticks)-1].Value+0.25
	p.X.Tick.Marker = ticks
	p.X.Label.Text = label
	set.yRange(p, log)
	p.Y.Tick.Marker = linearTicks{u, 5}
	if log {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = logTicks{u}
	}
	p.Add(set)
	return panel{plot: p, height: vg.Points(185)}
}
