package page

import (
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// AddDots adds a figure of dot panels, unless all of them are empty, and says what
// their whiskers are. sums are the summaries that the panels show.
func (g *Group) AddDots(f chart.Figure, sums []stat.Summary, panels ...chart.DotPanel) {
	for _, d := range panels {
		if d, ok := d.Usable(); ok {
			f.Panels = append(f.Panels, d.Panel())
		}
	}
	if len(f.Panels) == 0 {
		return
	}
	if short, long := chart.Whiskers(sums); short != "" {
		f.Subtitle += "; " + short
		f.Caption = long
	}
	g.Figures = append(g.Figures, f)
}
