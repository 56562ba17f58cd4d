package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Break is a place on the horizontal axis at which a figure changes.
type Break struct {
	At    float64
	Label string
	Sure  bool // a solid line; else a dashed one
}

// Breaks draws a vertical line with its label at each break. Labels of neighbours stand below
// each other, in three rows, so that they can be read.
type Breaks []Break

// Plot implements [plot.Plotter].
func (b Breaks) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	middle := (c.Min.X + c.Max.X) / 2
	for i, at := range b {
		sty := draw.LineStyle{Color: inkColor, Width: vg.Points(1)}
		if !at.Sure {
			sty.Dashes = []vg.Length{vg.Points(2), vg.Points(2)}
		}
		px := x(at.At)
		c.StrokeLine2(sty, px, c.Min.Y, px, c.Max.Y)
		text := style(smallSize, inkColor)
		gap := vg.Points(3)
		if px > middle {
			text.XAlign, gap = draw.XRight, -gap
		}
		c.FillText(text, vg.Point{X: px + gap, Y: c.Max.Y - vg.Length(i%3)*lineHeight(smallSize)}, at.Label)
	}
}
