package race

import (
	"fmt"
	"strings"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// timelineRows are the rows of a timeline. A timeline shows, for one workload, the
// median round of every engine.
var timelineRows = []chart.TimelineRow{
	{Series: result.SeriesOps, Title: "operations/s", Unit: chart.UnitCount, Reduce: chart.MeanOf},
	{Series: result.SeriesP99, Title: "p99 latency of each 100 ms (log axis)", Unit: chart.UnitNanos, Log: true, Reduce: chart.MaxOf},
	{Series: result.SeriesMemTable, Title: "MemTable bytes", Unit: chart.UnitBytes, Reduce: chart.MaxOf},
	{Series: result.SeriesL0, Title: "runs of L0", Unit: chart.UnitCount, Reduce: chart.MaxOf},
	{Series: result.SeriesDebt, Title: "compaction debt", Unit: chart.UnitBytes, Reduce: chart.MaxOf},
	{Series: result.SeriesHeap, Title: "Go heap", Unit: chart.UnitBytes, Reduce: chart.MaxOf},
}

// timelineGroup draws the median round of every engine.
func (r *run) timelineGroup(s *section) (page.Group, error) {
	g := page.Group{
		ID: "timeline", Title: "Timelines",
		Note: "One round of every engine: the one whose " + s.deciding().name + " is nearest to the median. A mark of a flush, compaction or stall stands for one or more within 100 ms, by the engine's own count, and the sentence below has their numbers; an engine that does not count them has none, nor has a run that did not record them. A gauge that an engine does not report, or that stays zero, has no line; a last interval under 50 ms has no point; curves of over 250 points are thinned, keeping the highest of each part (of throughput the mean).",
	}
	for _, w := range s.workloads {
		parts := chart.Chunks(s.enginesOf(w), r.baseline)
		for i, part := range parts {
			f := r.frame(s, "timeline", w, "timeline")
			f.Subtitle = s.String() + "; the median round of each engine"
			f.Number(i, len(parts))
			var inputs []chart.TimelineInput
			var cells []result.Cell
			var shown []string
			for _, e := range part {
				c := s.at(e, w).medianCell(s.deciding())
				series, err := r.series(c)
				if err != nil {
					return g, err
				}
				if len(series[result.SeriesOps].Millis) < minTimeline {
					continue
				}
				if in, ok := series[result.SeriesIntendedP99]; ok && s.open() {
					series[result.SeriesP99] = in
				}
				cells, inputs = append(cells, c), append(inputs, chart.TimelineInput{Look: r.looks[e], Series: series})
				f.Legend = append(f.Legend, r.looks[e])
				shown = append(shown, fmt.Sprintf("%s %d", e, c.Round))
			}
			if f.Panels = chart.TimelinePanels(timelineRows, inputs); len(f.Panels) == 0 {
				continue
			}
			f.Finding = timelineFinding(cells)
			f.Caption = "Round shown: " + strings.Join(shown, ", ") + "."
			g.Figures = append(g.Figures, f)
		}
	}
	return g, nil
}

// minTimeline is the least number of points of a timeline. With fewer, it would show
// nothing.
const minTimeline = 5

// medianCell returns the round that stands for all.
func (g *group) medianCell(m metric) result.Cell {
	var values []float64
	for _, c := range g.cells {
		v, _ := m.of(c)
		values = append(values, v)
	}
	return g.cells[stat.MedianIndex(values)]
}

// timelineFinding describes what the engines counted in the rounds shown.
func timelineFinding(cells []result.Cell) string {
	var words []string
	for _, c := range cells {
		m := c.Metrics
		if m == nil {
			continue
		}
		var parts []string
		for _, event := range []struct {
			noun string
			n    int64
		}{{"flush", m.Flushes}, {"compaction", m.Compactions}, {"stall", m.Stalls}} {
			if event.n > 0 {
				parts = append(parts, human.Count(int(event.n), event.noun))
			}
		}
		if len(parts) > 0 {
			words = append(words, c.Engine+": "+strings.Join(parts, ", "))
		}
	}
	if len(words) == 0 {
		return "No flush, compaction or stall was counted in these rounds."
	}
	return "In these rounds, " + strings.Join(words, "; ") + "."
}
