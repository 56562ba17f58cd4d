package reports

import (
	"math"

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
