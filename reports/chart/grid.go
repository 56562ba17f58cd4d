package chart

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Grid is a table of coloured fields. Each field has a text, so that nothing depends on
// colour alone.
type Grid struct {
	Rows, Columns []string
	Fields        [][]Field // by row and column
}

// Field is one field of a grid. The zero value is an empty field.
type Field struct {
	Text string
	Fill color.Color // nil for none
	Ink  color.Color // colour of the text; nil for the usual one
}

// Fills of fields with a meaning, safe for the colour-blind.
var (
	FillGood = color.RGBA{0xcf, 0xe3, 0xf1, 255} // a pale blue
	FillBad  = color.RGBA{0xD5, 0x5E, 0x00, 255} // vermilion
	FillNote = color.RGBA{0xF7, 0xE3, 0xB5, 255} // a pale orange
)

// Shade returns a field for a count between 0 and most, darker for more, on a
// logarithmic scale.
func Shade(text string, n, most float64) Field {
	if n <= 0 {
		return Field{}
	}
	share := 1.0
	if most > 1 {
		share = math.Log1p(n) / math.Log1p(most)
	}
	mix := func(from, to uint8) uint8 { return uint8(float64(from) + share*(float64(to)-float64(from))) }
	f := Field{Text: text, Fill: color.RGBA{mix(0xf0, 0x00), mix(0xf6, 0x72), mix(0xfb, 0xb2), 255}}
	if share > 0.6 {
		f.Ink = color.White
	}
	return f
}

const gridRow = 15 // points

// Panel draws the grid.
func (g Grid) Panel(title string) Panel {
	p := NewPlot()
	n := len(g.Rows)
	p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5
	p.X.Min, p.X.Max = -0.5, float64(len(g.Columns))-0.5
	var rows, columns plot.ConstantTicks
	for i, name := range g.Rows {
		rows = append(rows, plot.Tick{Value: float64(n - 1 - i), Label: name})
	}
	for i, name := range g.Columns {
		columns = append(columns, plot.Tick{Value: float64(i), Label: name})
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Tick.Length, a.LineStyle.Width = 0, 0
	}
	p.X.Tick.Label.Font = sans(smallSize)
	p.Y.Padding = vg.Points(4)
	p.Y.Tick.Marker, p.X.Tick.Marker = rows, columns
	p.Add(g)
	return Panel{Title: title, Plot: p, Height: vg.Points(gridRow*float64(n) + 18)}
}

// Plot implements [plot.Plotter].
func (g Grid) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	sty := style(smallSize, inkColor)
	sty.XAlign, sty.YAlign = draw.XCenter, draw.YCenter
	gap := vg.Points(0.75)
	for i, row := range g.Fields {
		at := float64(len(g.Rows) - 1 - i)
		for k, f := range row {
			box := vg.Rectangle{
				Min: vg.Point{X: x(float64(k)-0.5) + gap, Y: y(at-0.5) + gap},
				Max: vg.Point{X: x(float64(k)+0.5) - gap, Y: y(at+0.5) - gap},
			}
			if f.Fill == nil {
				c.SetLineStyle(draw.LineStyle{Color: gridColor, Width: vg.Points(0.5)})
				c.Stroke(box.Path())
			} else {
				c.SetColor(f.Fill)
				c.Fill(box.Path())
			}
			if sty.Color = inkColor; f.Ink != nil {
				sty.Color = f.Ink
			}
			c.FillText(sty, vg.Point{X: x(float64(k)), Y: y(at) + sty.FontExtents().Descent/2}, f.Text)
		}
	}
}
