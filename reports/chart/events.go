package chart

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lsmlab/harness/result"
)

// event is something that an engine did in the interval that ends at a time.
type event struct {
	seconds float64
	kind    int // index into eventSeries
}

const (
	eventFlush = iota
	eventCompaction
	eventStall
)

// eventSeries are the counters of events, by kind.
var eventSeries = []string{
	eventFlush:      result.SeriesFlushes,
	eventCompaction: result.SeriesCompactions,
	eventStall:      result.SeriesStalls,
}

// eventsOf returns the intervals in which an engine's counters rose, for one kind after
// the other.
func eventsOf(series map[string]result.Series) (events []event) {
	for kind, name := range eventSeries {
		s := series[name]
		for i, v := range s.Values {
			if v > 0 {
				events = append(events, event{float64(s.Millis[i]) / 1000, kind})
			}
		}
	}
	return events
}

// eventStrip draws the events of the engines, one row each.
type eventStrip struct {
	looks  []Look
	events [][]event
}

// eventPanel returns the strip of all engines that have events.
func eventPanel(inputs []TimelineInput, end float64) (Panel, bool) {
	var s eventStrip
	for _, in := range inputs {
		if e := eventsOf(in.Series); len(e) > 0 {
			s.looks, s.events = append(s.looks, in.Look), append(s.events, e)
		}
	}
	n := len(s.looks)
	if n == 0 {
		return Panel{}, false
	}
	p := timePlot(end)
	p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5
	var names plot.ConstantTicks
	for i, l := range s.looks {
		names = append(names, plot.Tick{Value: float64(n - 1 - i), Label: l.Name})
	}
	p.Y.Tick.Marker = names
	p.Y.Tick.Length = 0
	p.Add(s)
	return Panel{Title: "events: | flush, o compaction, x stall", Plot: p, Height: vg.Points(14*float64(n) + 22)}, true
}

// Plot implements [plot.Plotter].
func (s eventStrip) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	DrawVerticals(c, p, x)
	for i, events := range s.events {
		at := y(float64(len(s.looks) - 1 - i))
		sty := draw.LineStyle{Color: s.looks[i].Color, Width: vg.Points(1.1)}
		for _, e := range events {
			px, r := x(e.seconds), vg.Points(3)
			switch e.kind {
			case eventFlush:
				c.StrokeLine2(sty, px, at-vg.Points(5), px, at+vg.Points(5))
			case eventCompaction:
				c.SetLineStyle(sty)
				c.Stroke(Circle.Path(vg.Point{X: px, Y: at}, r))
			case eventStall:
				c.StrokeLine2(sty, px-r, at-r, px+r, at+r)
				c.StrokeLine2(sty, px-r, at+r, px+r, at-r)
			}
		}
	}
}
