package crash

import (
	"fmt"
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lsmlab/harness/human"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/chart"
)

// chain draws which LSNs are in the files that the crash left.
func (r *run) chain(name string, f *rundir.Finding) (_ chart.Figure, ok bool) {
	if f.Chain == nil || len(f.Chain.Links) == 0 {
		return chart.Figure{}, false
	}
	figure := r.figure(name+"-chain", findingTitle(f, "LSN chain"))
	figure.Subtitle = fmt.Sprintf("LSNs up to %d are in tables, %d is the newest that is found", f.Chain.Flushed, f.Chain.Last)
	figure.Panels = []chart.Panel{links(f.Chain.Links).panel(f.Chain.Last)}
	figure.Finding = "The chain has no damaged file."
	if n := len(f.Chain.Damage); n > 0 {
		figure.Finding = human.Count(n, "damaged place") + "."
	}
	if f.Chain.Tail != "" {
		figure.Finding += " Torn tail of the log: " + f.Chain.Tail + "."
	}
	figure.Caption = "One bar a file, over the LSNs that it holds; a segment without records is a tick at where it begins. Crossed out: damaged."
	return figure, true
}

// links draws files over LSNs.
type links []rundir.Link

func (s links) panel(last uint64) chart.Panel {
	p := chart.NewPlot()
	n := len(s)
	p.Y.Min, p.Y.Max = -0.6, float64(n)-0.4
	var names plot.ConstantTicks
	for i, l := range s {
		names = append(names, plot.Tick{Value: float64(n - 1 - i), Label: l.Place + " " + l.File})
	}
	p.Y.Tick.Marker = names
	p.Y.Tick.Length, p.Y.LineStyle.Width = 0, 0
	p.Y.Padding = vg.Points(4)
	p.X.Min, p.X.Max = 0, float64(last)*1.04+1
	p.X.Tick.Marker = chart.LinearTicks{Unit: chart.UnitCount, Want: 5}
	p.X.Label.Text = "LSN"
	p.Add(s)
	return chart.Panel{Plot: p, Height: vg.Points(14*float64(n) + 34)}
}

// Plot implements [plot.Plotter].
func (s links) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	chart.DrawVerticals(c, p, x)
	for i, l := range s {
		at := y(float64(len(s) - 1 - i))
		// An LSN takes the space from the LSN before it to itself.
		from, to := x(float64(l.First)-1), max(x(float64(l.Last)), x(float64(l.First)-1)+vg.Points(1))
		c.SetColor(color.RGBA{0x00, 0x72, 0xB2, 255})
		if l.Place == "wal" {
			c.SetColor(color.RGBA{0x00, 0x9E, 0x73, 255})
		}
		bar := vg.Rectangle{Min: vg.Point{X: from, Y: at - vg.Points(4)}, Max: vg.Point{X: to, Y: at + vg.Points(4)}}
		c.Fill(bar.Path())
		if l.Damage != "" {
			sty := draw.LineStyle{Color: color.RGBA{0xD5, 0x5E, 0x00, 255}, Width: vg.Points(1.6)}
			c.StrokeLine2(sty, from, bar.Min.Y, to, bar.Max.Y)
			c.StrokeLine2(sty, from, bar.Max.Y, to, bar.Min.Y)
		}
	}
}
