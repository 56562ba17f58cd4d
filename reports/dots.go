package reports

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lsmlab/harness/stat"
)

// dotRow is one engine in a dot chart: every round, the median, its interval.
type dotRow struct {
	look   look
	values []float64
	mid    float64
	lo, hi float64 // NaN: none
}

// dotPanel is a chart with one row an engine.
type dotPanel struct {
	title string
	label string // of the axis, with its unit
	unit  unit
	log   bool
	ref   float64 // a line across all rows; NaN: none
	rows  []dotRow
}

const rowHeight = 17 // points

// sumRow makes the row of a summary.
func sumRow(l look, s stat.Summary) dotRow {
	return dotRow{look: l, values: s.Values, mid: s.Median, lo: s.Lo, hi: s.Hi}
}

// usable returns the panel without values that its axis can't show; ok is false
// if none is left.
func (d dotPanel) usable() (_ dotPanel, ok bool) {
	shows := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) && (!d.log && v >= 0 || v > 0) }
	var rows []dotRow
	for _, r := range d.rows {
		r.values = slices.DeleteFunc(slices.Clone(r.values), func(v float64) bool { return !shows(v) })
		if !shows(r.mid) {
			continue
		}
		if !shows(r.lo) || !shows(r.hi) {
			r.lo, r.hi = math.NaN(), math.NaN()
		}
		rows = append(rows, r)
	}
	d.rows = rows
	return d, len(rows) > 0
}

// panel draws the chart; call usable before.
func (d dotPanel) panel() panel {
	p := newPlot()
	n := len(d.rows)
	p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5
	names := plot.ConstantTicks{}
	for i, r := range d.rows {
		names = append(names, plot.Tick{Value: float64(n - 1 - i), Label: r.look.name})
	}
	p.Y.Tick.Marker = names
	p.Y.Tick.Length = 0
	p.Y.Padding = vg.Points(4)
	p.Y.LineStyle.Width = 0
	p.X.Label.Text = d.label
	p.X.Min, p.X.Max = d.limits()
	if d.log {
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = logTicks{d.unit}
	} else {
		p.X.Tick.Marker = linearTicks{d.unit, 4}
	}
	p.Add(d)
	return panel{title: d.title, plot: p, height: vg.Points(rowHeight*float64(n) + 32)}
}

// limits returns the axis: from zero on a linear one, with room for the labels.
// Intervals don't widen it without end: those of few rounds may span decades.
func (d dotPanel) limits() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, r := range d.rows {
		for _, v := range append(slices.Clone(r.values), r.mid) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if !math.IsNaN(d.ref) {
		low, high = math.Min(low, d.ref), math.Max(high, d.ref)
	}
	mostLow, mostHigh := low/2, high*2
	for _, r := range d.rows {
		if !math.IsNaN(r.lo) {
			low, high = math.Min(low, math.Max(r.lo, mostLow)), math.Max(high, math.Min(r.hi, mostHigh))
		}
	}
	if !d.log {
		if high <= 0 {
			high = 1
		}
		return -0.02 * high, high * 1.2 // a marker at zero stays clear of the names
	}
	span := math.Max(high/low, 1.5)
	return low / math.Pow(span, 0.06), high * math.Pow(span, 0.22)
}

// Plot implements [plot.Plotter].
func (d dotPanel) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	d.drawGrid(c, p, x, y)
	clamp := func(v float64) vg.Length { return min(max(x(v), c.Min.X), c.Max.X) }
	for i, r := range d.rows {
		at := y(float64(len(d.rows) - 1 - i))
		if !d.log {
			c.StrokeLine2(draw.LineStyle{Color: r.look.faint(), Width: vg.Points(0.8), Dashes: r.look.dashes}, x(0), at, x(r.mid), at)
		}
		for _, v := range r.values {
			c.SetColor(r.look.faint())
			c.Fill(circle.path(vg.Point{X: clamp(v), Y: at}, vg.Points(2.1)))
		}
		right := clamp(r.mid)
		if !math.IsNaN(r.lo) {
			sty := draw.LineStyle{Color: r.look.color, Width: vg.Points(1.6)}
			c.StrokeLine2(sty, clamp(r.lo), at, clamp(r.hi), at)
			for _, v := range []float64{r.lo, r.hi} {
				if end := x(v); end >= c.Min.X && end <= c.Max.X {
					c.StrokeLine2(sty, end, at-vg.Points(3.5), end, at+vg.Points(3.5))
				}
			}
			right = max(right, clamp(r.hi))
		}
		r.look.mark(&c, vg.Point{X: clamp(r.mid), Y: at}, vg.Points(3.6))
		for _, v := range r.values {
			right = max(right, clamp(v))
		}
		d.drawValue(c, r, right, x(d.ref), at)
	}
}

// drawValue writes the median to the right of all that a row shows, or where it
// fits.
func (d dotPanel) drawValue(c draw.Canvas, r dotRow, right, ref, at vg.Length) {
	sty := style(textSize, inkColor)
	sty.YAlign = draw.YCenter
	label := d.unit.format(r.mid)
	w := sty.Width(label)
	left := min(right+vg.Points(6), c.Max.X-w)
	if left < right || left < ref && ref < left+w { // over a line
		back := vg.Rectangle{Min: vg.Point{X: left - 2, Y: at - vg.Points(5)}, Max: vg.Point{X: left + w + 1, Y: at + vg.Points(5)}}
		c.SetColor(color.NRGBA{255, 255, 255, 205})
		c.Fill(back.Path())
	}
	c.FillText(sty, vg.Point{X: left, Y: at + sty.FontExtents().Descent}, label)
}

func (d dotPanel) drawGrid(c draw.Canvas, p *plot.Plot, x, y func(float64) vg.Length) {
	for i := range d.rows {
		if i%2 == 0 {
			continue
		}
		at := y(float64(len(d.rows) - 1 - i))
		half := (y(1) - y(0)) / 2
		c.SetColor(stripColor)
		c.Fill(vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: at - half}, Max: vg.Point{X: c.Max.X, Y: at + half}}.Path())
	}
	drawVerticals(c, p, x)
	if !math.IsNaN(d.ref) {
		c.StrokeLine2(draw.LineStyle{Color: inkColor, Width: vg.Points(0.9)}, x(d.ref), c.Min.Y, x(d.ref), c.Max.Y)
	}
}

func drawVerticals(c draw.Canvas, p *plot.Plot, x func(float64) vg.Length) {
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if !t.IsMinor() {
			c.StrokeLine2(draw.LineStyle{Color: gridColor, Width: vg.Points(0.5)}, x(t.Value), c.Min.Y, x(t.Value), c.Max.Y)
		}
	}
}

func drawHorizontals(c draw.Canvas, p *plot.Plot, y func(float64) vg.Length) {
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		if !t.IsMinor() {
			c.StrokeLine2(draw.LineStyle{Color: gridColor, Width: vg.Points(0.5)}, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
		}
	}
}
