package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lsmlab/reports/page"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// scalingGroup draws a metric over thread counts, for settings that differ in
// nothing else.
func (r *run) scalingGroup(sections []*section) page.Group {
	m, title := throughput, "Throughput by threads"
	if r.Plan.MemTables {
		m, title = nsPerOp, "Time per operation by goroutines"
	}
	first := sections[0]
	g := page.Group{
		ID: fileSafe(first.slug() + "-scaling"), Title: title,
		Note: fmt.Sprintf("The only charts that mix thread counts. %s is better.", betterWord(m)),
	}
	for _, w := range first.workloads {
		parts := chart.Chunks(scalingEngines(sections, w), r.baseline)
		for i, part := range parts {
			f := r.frame(first, "scaling", w, lowerFirst(title))
			f.Subtitle = r.rounds(first, w)
			if !first.bare {
				f.Subtitle = fmt.Sprintf("%s, %s; %s", first.durability, first.loopWords(), f.Subtitle)
			}
			f.Number(i, len(parts))
			var lines []chart.Line
			var threads []int
			var sums []stat.Summary
			for _, s := range sections {
				threads = append(threads, s.threads)
			}
			for _, e := range part {
				l := chart.Line{Look: r.looks[e]}
				for _, s := range sections {
					if sum := s.at(e, w).summary(m); sum.N() > 0 {
						l.Marks = append(l.Marks, len(l.Xs))
						l.Xs, l.Ys = append(l.Xs, math.Log2(float64(s.threads))), append(l.Ys, sum.Median)
						l.Lo, l.Hi = append(l.Lo, sum.Lo), append(l.Hi, sum.Hi)
						sums = append(sums, sum)
					}
				}
				if len(l.Xs) > 0 {
					lines = append(lines, l)
					f.Legend = append(f.Legend, r.looks[e])
				}
			}
			if len(lines) == 0 {
				continue
			}
			what := "threads"
			if r.Plan.MemTables {
				what = "goroutines"
			}
			f.Panels = []chart.Panel{scalingPanel(lines, threads, m.unit, what, r.Plan.MemTables)}
			last := sections[len(sections)-1]
			f.Finding = fmt.Sprintf("At %s: %s", counted(last.threads, strings.TrimSuffix(what, "s")), last.extremes(w, m))
			short, long := intervalWords(sums)
			f.Subtitle += "; " + short
			f.Caption = "Medians over rounds. " + long
			g.Figures = append(g.Figures, f)
		}
	}
	return g
}

func scalingEngines(sections []*section, workload string) (out []string) {
	for _, s := range sections {
		for _, e := range s.enginesOf(workload) {
			if !slices.Contains(out, e) {
				out = append(out, e)
			}
		}
	}
	return out
}

// scalings returns the sections that differ in their threads alone, where there
// are several.
func (r *run) scalings() (out [][]*section) {
	for _, s := range r.sections {
		same := func(o []*section) bool {
			a, b := o[0].setting, s.setting
			a.threads, b.threads = 0, 0
			return a == b
		}
		if i := slices.IndexFunc(out, same); i >= 0 {
			out[i] = append(out[i], s)
			continue
		}
		out = append(out, []*section{s})
	}
	return slices.DeleteFunc(out, func(o []*section) bool { return len(o) < 2 })
}

// scalingPanel draws a figure over thread counts.
func scalingPanel(lines []chart.Line, threads []int, u chart.Unit, label string, log bool) chart.Panel {
	p := chart.NewPlot()
	set := chart.LineSet{Lines: lines, Width: 1.6}
	ticks := plot.ConstantTicks{}
	for _, t := range threads {
		ticks = append(ticks, plot.Tick{Value: math.Log2(float64(t)), Label: strconv.Itoa(t)})
	}
	p.X.Min, p.X.Max = ticks[0].Value-0.25, ticks[len(ticks)-1].Value+0.25
	p.X.Tick.Marker = ticks
	p.X.Label.Text = label
	set.YRange(p, log)
	p.Y.Tick.Marker = chart.LinearTicks{Unit: u, Want: 5}
	if log {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = chart.LogTicks{Unit: u}
	}
	p.Add(set)
	return chart.Panel{Plot: p, Height: vg.Points(185)}
}
