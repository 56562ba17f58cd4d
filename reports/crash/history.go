package crash

import (
	"fmt"
	"image/color"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/chart"
)

// maxWrites is how many of the last writes before a cut are drawn.
const maxWrites = 60

// outcomeLook is how the outcome of a write is drawn: its colour, and the content of its
// marker.
type outcomeLook struct {
	outcome oracle.Outcome
	name    string
	color   color.RGBA
	full    bool
}

var outcomeLooks = []outcomeLook{
	{oracle.OutcomeThere, "found", color.RGBA{0x00, 0x72, 0xB2, 255}, true},
	{oracle.OutcomeMissing, "missing", color.RGBA{0xD5, 0x5E, 0x00, 255}, false},
	{oracle.OutcomeTorn, "torn", color.RGBA{0xCC, 0x79, 0xA7, 255}, true},
	{oracle.OutcomeUnknown, "cannot be told", color.RGBA{0x80, 0x80, 0x80, 255}, false},
}

func lookOf(outcome oracle.Outcome) outcomeLook {
	return outcomeLooks[slices.IndexFunc(outcomeLooks, func(l outcomeLook) bool { return l.outcome == outcome })]
}

// history draws the writes around the cut of a finding: when each began and was
// acknowledged, and what happened to it.
func (r *run) history(name string, f *rundir.Finding) (_ chart.Figure, ok bool) {
	if f.History == nil || len(f.Outcomes) != len(f.History.Writes) {
		return chart.Figure{}, false
	}
	s := strip{cut: f.Cut}
	for i, w := range f.History.Writes {
		if w.Begin <= f.Cut.Position {
			s.writes, s.outcomes = append(s.writes, w), append(s.outcomes, f.Outcomes[i])
		}
	}
	if len(s.writes) == 0 {
		return chart.Figure{}, false
	}
	from := max(len(s.writes)-maxWrites, 0)
	s.writes, s.outcomes = s.writes[from:], s.outcomes[from:]
	for _, w := range s.writes {
		if !slices.Contains(s.writers, w.Writer) {
			s.writers = append(s.writers, w.Writer)
		}
	}
	slices.Sort(s.writers)
	figure := r.figure(name+"-history", findingTitle(f, "History"))
	figure.Subtitle = fmt.Sprintf("the last %d writes before the cut (%v) at position %d of the log", len(s.writes), f.Cut.Kind, f.Cut.Position)
	figure.Panels = []chart.Panel{s.panel()}
	for _, l := range outcomeLooks {
		if slices.Contains(s.outcomes, l.outcome) {
			figure.Legend = append(figure.Legend, chart.Look{Name: l.name, Color: l.color, Own: l.full, Shape: chart.Circle})
		}
	}
	figure.Finding = strings.TrimSuffix(f.Detail, ".") + "."
	figure.Caption = "One bar a write, from its begin to its acknowledgement; one that was not acknowledged runs to the cut. " +
		"A bar on a line survives such a crash once it is acknowledged; a filled marker says that the store shows it."
	return figure, true
}

// strip draws writes over the positions of the log, with one lane for each writer.
type strip struct {
	writes   []oracle.Write
	outcomes []oracle.Outcome
	writers  []int
	cut      oracle.Cut
}

func (s strip) panel() chart.Panel {
	p := chart.NewPlot()
	n := len(s.writers)
	p.Y.Min, p.Y.Max = -0.6, float64(n)-0.4
	var names plot.ConstantTicks
	for i, w := range s.writers {
		names = append(names, plot.Tick{Value: float64(n - 1 - i), Label: "writer " + strconv.Itoa(w)})
	}
	p.Y.Tick.Marker = names
	p.Y.Tick.Length, p.Y.LineStyle.Width = 0, 0
	span := float64(s.cut.Position-s.writes[0].Begin) + 1
	p.X.Min, p.X.Max = float64(s.writes[0].Begin)-0.04*span, float64(s.cut.Position)+0.06*span
	p.X.Tick.Marker = chart.LinearTicks{Unit: chart.UnitCount, Want: 5}
	p.X.Label.Text = "position in the log (operations or block writes before)"
	p.Add(s)
	return chart.Panel{Plot: p, Height: vg.Points(44*float64(n) + 34)}
}

// Plot implements [plot.Plotter]. Neighbouring writes are drawn at three heights, so
// that short ones do not hide each other.
func (s strip) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	chart.DrawVerticals(c, p, x)
	c.StrokeLine2(draw.LineStyle{Color: color.Black, Width: vg.Points(1), Dashes: []vg.Length{3, 2}}, x(float64(s.cut.Position)), c.Min.Y, x(float64(s.cut.Position)), c.Max.Y)
	for i, w := range s.writes {
		lane := float64(len(s.writers) - 1 - slices.Index(s.writers, w.Writer))
		at := y(lane + 0.26*float64(i%3-1))
		end := w.Ack
		if end == oracle.Never || end > s.cut.Position {
			end = s.cut.Position
		}
		look := lookOf(s.outcomes[i])
		from, to := x(float64(w.Begin)), x(float64(end))
		c.StrokeLine2(draw.LineStyle{Color: look.color, Width: vg.Points(1.6)}, from, at, to, at)
		if w.Kept(s.cut.Kind) {
			c.StrokeLine2(draw.LineStyle{Color: color.Black, Width: vg.Points(0.6)}, from, at-vg.Points(4), max(to, from+vg.Points(4)), at-vg.Points(4))
		}
		marker := chart.Circle.Path(vg.Point{X: to, Y: at}, vg.Points(2.6))
		c.SetColor(color.White)
		if look.full {
			c.SetColor(look.color)
		}
		c.Fill(marker)
		c.SetLineStyle(draw.LineStyle{Color: look.color, Width: vg.Points(1.1)})
		c.Stroke(marker)
	}
}
