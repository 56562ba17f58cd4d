package chart

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lsmlab/harness/stat"
)

// DotRow is one engine in a dot chart: every round, the median, and its interval.
type DotRow struct {
	Look   Look
	values []float64
	Mid    float64
	Lo, Hi float64 // NaN if there is no interval
	Band   float64 // factor to either side of the panel's Ref that is shaded; 0 or NaN for none
	Note   string  // stands behind the value, which is then pale
}

// DotPanel is a chart with one row for each engine.
type DotPanel struct {
	Title string
	Label string // of the axis, with its unit
	Unit  Unit
	Log   bool
	Ref   float64 // position of a line across all rows; NaN for none
	Rows  []DotRow
}

const rowHeight = 17 // points

// SumRow makes the row of a summary.
func SumRow(l Look, s stat.Summary) DotRow {
	return DotRow{Look: l, values: s.Values, Mid: s.Median, Lo: s.Lo, Hi: s.Hi}
}

// Usable returns the panel without values that its axis cannot show. ok is false if no
// value is left.
func (d DotPanel) Usable() (_ DotPanel, ok bool) {
	shows := func(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) && (!d.Log && v >= 0 || v > 0) }
	var rows []DotRow
	for _, r := range d.Rows {
		r.values = slices.DeleteFunc(slices.Clone(r.values), func(v float64) bool { return !shows(v) })
		if !shows(r.Mid) {
			continue
		}
		if !shows(r.Lo) || !shows(r.Hi) {
			r.Lo, r.Hi = math.NaN(), math.NaN()
		}
		rows = append(rows, r)
	}
	d.Rows = rows
	return d, len(rows) > 0
}

// Panel draws the chart. Call Usable before.
func (d DotPanel) Panel() Panel {
	p := NewPlot()
	n := len(d.Rows)
	p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5
	names := plot.ConstantTicks{}
	for i, r := range d.Rows {
		names = append(names, plot.Tick{Value: float64(n - 1 - i), Label: r.Look.Name})
	}
	p.Y.Tick.Marker = names
	p.Y.Tick.Length = 0
	p.Y.Padding = vg.Points(4)
	p.Y.LineStyle.Width = 0
	p.X.Label.Text = d.Label
	p.X.Min, p.X.Max = d.limits()
	if d.Log {
		p.X.Scale = plot.LogScale{}
		p.X.Tick.Marker = LogTicks{Unit: d.Unit}
	} else {
		p.X.Tick.Marker = LinearTicks{Unit: d.Unit, Want: 4}
	}
	p.Add(d)
	return Panel{Title: d.Title, Plot: p, Height: vg.Points(rowHeight*float64(n) + 32)}
}

// limits returns the range of the axis. A linear axis begins at zero and has room for
// the labels. Wide intervals extend the range only to a limit, because the interval of
// few rounds may span decades.
func (d DotPanel) limits() (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, r := range d.Rows {
		for _, v := range append(slices.Clone(r.values), r.Mid) {
			low, high = math.Min(low, v), math.Max(high, v)
		}
	}
	if !math.IsNaN(d.Ref) {
		low, high = math.Min(low, d.Ref), math.Max(high, d.Ref)
	}
	mostLow, mostHigh := low/2, high*2
	for _, r := range d.Rows {
		if !math.IsNaN(r.Lo) {
			low, high = math.Min(low, math.Max(r.Lo, mostLow)), math.Max(high, math.Min(r.Hi, mostHigh))
		}
	}
	if !d.Log {
		if high <= 0 {
			high = 1
		}
		return -0.02 * high, high * 1.2 // a marker at zero does not touch the names
	}
	if narrow := math.Sqrt(high / low / minLogSpan); narrow < 1 {
		low, high = low*narrow, high/narrow
	}
	span := high / low
	room := 0.22 // for the value behind a row
	if slices.ContainsFunc(d.Rows, func(r DotRow) bool { return r.Note != "" }) {
		room = 0.45
	}
	return low / math.Pow(span, 0.06), high * math.Pow(span, room)
}

// minLogSpan is the least range of a logarithmic axis, as a factor, so that it has a
// tick.
const minLogSpan = 2.6

// Plot implements [plot.Plotter].
func (d DotPanel) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	d.drawGrid(c, p, x, y)
	clamp := func(v float64) vg.Length { return min(max(x(v), c.Min.X), c.Max.X) }
	for i, r := range d.Rows {
		at := y(float64(len(d.Rows) - 1 - i))
		if !d.Log {
			c.StrokeLine2(draw.LineStyle{Color: r.Look.faint(), Width: vg.Points(0.8), Dashes: r.Look.Dashes}, x(0), at, x(r.Mid), at)
		}
		for _, v := range r.values {
			c.SetColor(r.Look.faint())
			c.Fill(Circle.Path(vg.Point{X: clamp(v), Y: at}, vg.Points(2.1)))
		}
		right := clamp(r.Mid)
		if !math.IsNaN(r.Lo) {
			sty := draw.LineStyle{Color: r.Look.Color, Width: vg.Points(1.6)}
			c.StrokeLine2(sty, clamp(r.Lo), at, clamp(r.Hi), at)
			for _, v := range []float64{r.Lo, r.Hi} {
				if end := x(v); end >= c.Min.X && end <= c.Max.X {
					c.StrokeLine2(sty, end, at-vg.Points(3.5), end, at+vg.Points(3.5))
				}
			}
			right = max(right, clamp(r.Hi))
		}
		r.Look.mark(&c, vg.Point{X: clamp(r.Mid), Y: at}, vg.Points(3.6))
		for _, v := range r.values {
			right = max(right, clamp(v))
		}
		d.drawValue(c, r, right, x(d.Ref), at)
	}
}

// drawValue writes the median to the right of everything that a row shows, or where it
// fits.
func (d DotPanel) drawValue(c draw.Canvas, r DotRow, right, ref, at vg.Length) {
	sty := style(textSize, inkColor)
	sty.YAlign = draw.YCenter
	label := d.Unit.Format(r.Mid)
	if r.Note != "" {
		sty.Color = greyColor
		label += " " + r.Note
	}
	w := sty.Width(label)
	left := min(right+vg.Points(6), c.Max.X-w)
	if left < right || left < ref && ref < left+w { // over a line
		back := vg.Rectangle{Min: vg.Point{X: left - 2, Y: at - vg.Points(5)}, Max: vg.Point{X: left + w + 1, Y: at + vg.Points(5)}}
		c.SetColor(color.NRGBA{255, 255, 255, 205})
		c.Fill(back.Path())
	}
	c.FillText(sty, vg.Point{X: left, Y: at + sty.FontExtents().Descent}, label)
}

func (d DotPanel) drawGrid(c draw.Canvas, p *plot.Plot, x, y func(float64) vg.Length) {
	for i, r := range d.Rows {
		at := y(float64(len(d.Rows) - 1 - i))
		half := (y(1) - y(0)) / 2
		fill := func(to color.Color, low, high vg.Length) {
			c.SetColor(to)
			c.Fill(vg.Rectangle{Min: vg.Point{X: max(low, c.Min.X), Y: at - half}, Max: vg.Point{X: min(high, c.Max.X), Y: at + half}}.Path())
		}
		if i%2 == 1 {
			fill(stripColor, c.Min.X, c.Max.X)
		}
		if r.Band > 0 {
			fill(gridColor, x(d.Ref/r.Band), x(d.Ref*r.Band))
		}
	}
	DrawVerticals(c, p, x)
	if !math.IsNaN(d.Ref) {
		c.StrokeLine2(draw.LineStyle{Color: inkColor, Width: vg.Points(0.9)}, x(d.Ref), c.Min.Y, x(d.Ref), c.Max.Y)
	}
}

// DrawVerticals draws the grid lines of the horizontal axis.
func DrawVerticals(c draw.Canvas, p *plot.Plot, x func(float64) vg.Length) {
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
