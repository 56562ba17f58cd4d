// Package chart draws the figures of every report in one style, with gonum/plot. A
// figure can stand alone (title, panels, legend, machine and command). It is readable
// on a phone and in grey, and safe for the colour-blind. The same data give the same
// bytes.
package chart

import (
	"bytes"
	"fmt"
	"html"
	"image/color"
	"regexp"
	"strconv"
	"strings"

	xfont "golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Sizes of every chart. The width makes the text readable on a phone of 390 px.
const (
	figureWidth  = 345 // points
	figureMargin = 8
	titleSize    = 11
	textSize     = 9
	smallSize    = 7.5
	pngDPI       = 168
)

var (
	inkColor   = color.RGBA{0x1a, 0x1a, 0x1a, 255}
	greyColor  = color.RGBA{0x59, 0x59, 0x59, 255}
	gridColor  = color.RGBA{0xdd, 0xdd, 0xdd, 255}
	stripColor = color.RGBA{0xf4, 0xf4, 0xf4, 255}
)

// Figure is one chart: panels below each other, with everything that it needs to stand
// alone.
type Figure struct {
	Name     string // of its files, without suffix
	Title    string
	Subtitle string
	Panels   []Panel
	Legend   []Look
	Footer   string // machine, version, command
	Finding  string // one sentence about what it shows
	Caption  string // how to read it
}

// Panel is one plot of a figure.
type Panel struct {
	Title  string
	Plot   *plot.Plot
	Height vg.Length // of the data area and its axes, without the title
}

func sans(size float64) font.Font {
	return font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, font.Length(size))
}

func style(size float64, c color.Color) text.Style {
	return text.Style{Color: c, Font: sans(size), XAlign: draw.XLeft, YAlign: draw.YTop, Handler: plot.DefaultTextHandler}
}

func bold(size float64, c color.Color) text.Style {
	s := style(size, c)
	s.Font.Weight = xfont.WeightBold
	return s
}

// NewPlot returns a plot in the style of all charts, without data.
func NewPlot() *plot.Plot {
	p := plot.New()
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = sans(textSize)
		a.Label.TextStyle.Color = inkColor
		a.Tick.Label.Font = sans(textSize)
		a.Tick.Label.Color = inkColor
		a.LineStyle.Color = greyColor
		a.Tick.LineStyle.Color = greyColor
		a.Label.Padding = vg.Points(3)
		a.Padding = 0
		a.Tick.Length = vg.Points(3)
	}
	return p
}

// Number distinguishes the parts of a figure: part i of `of`, from 0.
func (f *Figure) Number(i, of int) {
	if of > 1 {
		f.Name += fmt.Sprintf("-%d", i+1)
		f.Title += fmt.Sprintf(" (%d of %d)", i+1, of)
	}
}

// SVG draws the figure as SVG.
func (f Figure) SVG() ([]byte, error) {
	w, h := vg.Points(figureWidth), f.height()
	c := vgsvg.New(w, h)
	f.draw(draw.NewCanvas(c, w, h))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("chart %s: %w", f.Name, err)
	}
	return tidySVG(b.Bytes(), f.Title+". "+f.Finding), nil
}

// PNG draws the figure as PNG.
func (f Figure) PNG() ([]byte, error) {
	w, h := vg.Points(figureWidth), f.height()
	c := vgimg.NewWith(vgimg.UseWH(w, h), vgimg.UseDPI(pngDPI), vgimg.UseBackgroundColor(color.White))
	f.draw(draw.NewCanvas(c, w, h))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: c}).WriteTo(&b); err != nil {
		return nil, fmt.Errorf("chart %s: %w", f.Name, err)
	}
	return b.Bytes(), nil
}

var (
	svgSize = regexp.MustCompile(`<svg width="[^"]*" height="[^"]*"`)
	svgText = regexp.MustCompile(`<text ([^>]*?)\s+style="font-family:Liberation Sans;font-variant:normal;font-weight:(normal|bold);font-style:normal;font-size:([0-9.]+)px;?([^"]*)">([^<]*)</text>`)
)

// tidySVG gives the picture its text for people who do not see it. It also gives every
// text the width for which it was set: a machine without the font would set the text
// wider and cut it off.
func tidySVG(svg []byte, alt string) []byte {
	open := svgSize.Find(svg)
	label := fmt.Sprintf(`%s role="img" aria-label="%s"`, open, html.EscapeString(alt))
	svg = bytes.Replace(svg, open, []byte(label), 1)
	return svgText.ReplaceAllFunc(svg, func(text []byte) []byte {
		m := svgText.FindSubmatch(text)
		size, err := strconv.ParseFloat(string(m[3]), 64)
		if err != nil {
			return text
		}
		sty := style(size, inkColor)
		if string(m[2]) == "bold" {
			sty = bold(size, inkColor)
		}
		width := sty.Width(html.UnescapeString(string(m[5])))
		return fmt.Appendf(nil, `<text %s textLength="%.2f" lengthAdjust="spacingAndGlyphs" style="font:%s %spx 'Liberation Sans',Arimo,Arial,Helvetica,sans-serif;%s">%s</text>`,
			m[1], width.Points(), m[2], m[3], m[4], m[5])
	})
}

// The layout from top to bottom: title, subtitle, panels, legend, footer.

func (f Figure) height() vg.Length {
	h := vg.Points(2 * figureMargin)
	h += lineHeight(titleSize) * vg.Length(len(f.titleLines()))
	h += lineHeight(smallSize)*vg.Length(len(f.subtitleLines())) + vg.Points(4)
	for _, p := range f.Panels {
		h += p.fullHeight()
	}
	if rows := len(f.legendRows()); rows > 0 {
		h += vg.Points(5) + vg.Length(rows)*lineHeight(textSize)
	}
	return h + vg.Points(5) + vg.Length(len(f.footerLines()))*lineHeight(smallSize)
}

func lineHeight(size float64) vg.Length { return vg.Points(size * 1.3) }

func (p Panel) fullHeight() vg.Length {
	h := p.Height
	if p.Title != "" {
		h += lineHeight(textSize) + vg.Points(4)
	}
	return h
}

func textWidth() vg.Length { return vg.Points(figureWidth - 2*figureMargin) }

func (f Figure) titleLines() []string { return wrap(f.Title, bold(titleSize, inkColor), textWidth()) }

func (f Figure) subtitleLines() []string {
	return wrap(f.Subtitle, style(smallSize, greyColor), textWidth())
}

func (f Figure) footerLines() []string {
	return wrap(f.Footer, style(smallSize, greyColor), textWidth())
}

// wrap breaks s into lines no wider than width. It breaks a word that is wider.
func wrap(s string, sty text.Style, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(s) {
		if with := strings.TrimSpace(line + " " + word); sty.Width(with) <= width {
			line = with
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for sty.Width(word) > width {
			n := len([]rune(word))
			for n > 1 && sty.Width(string([]rune(word)[:n])) > width {
				n--
			}
			lines = append(lines, string([]rune(word)[:n]))
			word = string([]rune(word)[n:])
		}
		line = word
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

func (f Figure) draw(c draw.Canvas) {
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, vg.Points(figureMargin), -vg.Points(figureMargin), vg.Points(figureMargin), -vg.Points(figureMargin))
	top := c.Max.Y
	lines := func(all []string, sty text.Style, size float64) {
		for _, l := range all {
			c.FillText(sty, vg.Point{X: c.Min.X, Y: top}, l)
			top -= lineHeight(size)
		}
	}
	lines(f.titleLines(), bold(titleSize, inkColor), titleSize)
	lines(f.subtitleLines(), style(smallSize, greyColor), smallSize)
	top = f.drawPanels(c, top-vg.Points(4))
	if rows := f.legendRows(); len(rows) > 0 {
		top = drawLegend(c, top-vg.Points(5), rows)
	}
	top -= vg.Points(5)
	lines(f.footerLines(), style(smallSize, greyColor), smallSize)
}

// drawPanels draws the panels with their data areas aligned, and returns the position
// at which they end.
func (f Figure) drawPanels(c draw.Canvas, top vg.Length) vg.Length {
	area := func(p Panel, top vg.Length) draw.Canvas {
		return draw.Canvas{Canvas: c.Canvas, Rectangle: vg.Rectangle{
			Min: vg.Point{X: c.Min.X, Y: top - p.Height},
			Max: vg.Point{X: c.Max.X - vg.Points(4), Y: top},
		}}
	}
	var left, right vg.Length // the widest margins beside the data areas
	for _, p := range f.Panels {
		a := area(p, top)
		d := p.Plot.DataCanvas(a)
		left, right = max(left, d.Min.X-a.Min.X), max(right, a.Max.X-d.Max.X)
	}
	for _, p := range f.Panels {
		if p.Title != "" {
			c.FillText(bold(textSize, inkColor), vg.Point{X: c.Min.X, Y: top - vg.Points(3)}, p.Title)
			top -= lineHeight(textSize) + vg.Points(4)
		}
		a := area(p, top)
		d := p.Plot.DataCanvas(a)
		p.Plot.Draw(draw.Crop(a, left-(d.Min.X-a.Min.X), -(right - (a.Max.X - d.Max.X)), 0, 0))
		top -= p.Height
	}
	return top
}

// Measures of one entry of a legend.
const (
	legendLine = 26
	legendGap  = 12
)

func (f Figure) legendRows() [][]Look {
	var rows [][]Look
	var used vg.Length
	sty := style(textSize, inkColor)
	for _, l := range f.Legend {
		w := vg.Points(legendLine+4+legendGap) + sty.Width(l.Name)
		if len(rows) == 0 || used+w > textWidth()+vg.Points(legendGap) {
			rows, used = append(rows, nil), 0
		}
		rows[len(rows)-1] = append(rows[len(rows)-1], l)
		used += w
	}
	return rows
}

func drawLegend(c draw.Canvas, top vg.Length, rows [][]Look) vg.Length {
	sty := style(textSize, inkColor)
	sty.YAlign = draw.YCenter
	for _, row := range rows {
		x, y := c.Min.X, top-lineHeight(textSize)/2
		for _, l := range row {
			c.StrokeLine2(l.line(vg.Points(1.6)), x, y, x+vg.Points(legendLine), y)
			l.mark(&c, vg.Point{X: x + vg.Points(legendLine)/2, Y: y}, vg.Points(3.2))
			x += vg.Points(legendLine + 4)
			c.FillText(sty, vg.Point{X: x, Y: y + sty.FontExtents().Descent}, l.Name)
			x += sty.Width(l.Name) + vg.Points(legendGap)
		}
		top -= lineHeight(textSize)
	}
	return top
}
