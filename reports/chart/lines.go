package chart

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// MaxSeries is how many engines a panel of lines shows. More could not be told apart.
const MaxSeries = 7

// Chunks divides engines into parts of at most MaxSeries. Every part that does not
// contain the baseline anyway begins with it, so that parts can be compared.
func Chunks(engines []string, baseline string) [][]string {
	if len(engines) <= MaxSeries {
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
	room := MaxSeries
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

// Line is one engine's curve.
type Line struct {
	Look   Look
	Xs, Ys []float64
	Lo, Hi []float64 // bounds of intervals, or nil
	Marks  []int     // points with a marker
}

// LineSet draws curves over a grid.
type LineSet struct {
	Lines []Line
	Width float64 // points
}

// Plot implements [plot.Plotter].
func (s LineSet) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	DrawVerticals(c, p, x)
	drawHorizontals(c, p, y)
	for _, l := range s.Lines {
		points := make([]vg.Point, len(l.Xs))
		for i := range l.Xs {
			points[i] = vg.Point{X: x(l.Xs[i]), Y: y(l.Ys[i])}
		}
		c.StrokeLines(l.Look.line(vg.Points(s.Width)), c.ClipLinesXY(points)...)
		for i := range l.Lo {
			if !math.IsNaN(l.Lo[i]) {
				c.StrokeLine2(draw.LineStyle{Color: l.Look.Color, Width: vg.Points(1.2)}, points[i].X, y(l.Lo[i]), points[i].X, y(l.Hi[i]))
			}
		}
	}
	for _, l := range s.Lines { // over all lines
		for _, i := range l.Marks {
			if at := (vg.Point{X: x(l.Xs[i]), Y: y(l.Ys[i])}); c.Contains(at) {
				l.Look.mark(&c, at, vg.Points(3))
			}
		}
	}
}

// XRange sets the range of the horizontal axis, from zero, to what the lines show.
func (s LineSet) XRange(p *plot.Plot) {
	p.X.Min, p.X.Max = 0, 0
	for _, l := range s.Lines {
		for _, v := range l.Xs {
			p.X.Max = math.Max(p.X.Max, 1.05*v)
		}
	}
}

// YRange sets the range of the vertical axis to what the lines show.
func (s LineSet) YRange(p *plot.Plot, log bool) {
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range s.Lines {
		for _, ys := range [][]float64{l.Ys, l.Lo, l.Hi} {
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
