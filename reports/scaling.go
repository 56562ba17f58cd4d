package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lsmlab/harness/stat"
)

// scalingGroup draws a metric over thread counts, for settings that differ in
// nothing else.
func (r *run) scalingGroup(sections []*section) figureGroup {
	m, title := throughput, "Throughput by threads"
	if r.Plan.MemTables {
		m, title = nsPerOp, "Time per operation by goroutines"
	}
	first := sections[0]
	g := figureGroup{
		id: fileSafe(first.slug() + "-scaling"), title: title,
		note: fmt.Sprintf("The only charts that mix thread counts. %s is better.", betterWord(m)),
	}
	for _, w := range first.workloads {
		parts := chunks(scalingEngines(sections, w), r.baseline)
		for i, part := range parts {
			f := r.frame(first, "scaling", w, lowerFirst(title))
			f.subtitle = r.rounds(first, w)
			if !first.bare {
				f.subtitle = fmt.Sprintf("%s, %s; %s", first.durability, first.loopWords(), f.subtitle)
			}
			f.number(i, len(parts))
			var lines []line
			var threads []int
			var sums []stat.Summary
			for _, s := range sections {
				threads = append(threads, s.threads)
			}
			for _, e := range part {
				l := line{look: r.looks[e]}
				for _, s := range sections {
					if sum := s.at(e, w).summary(m); sum.N() > 0 {
						l.marks = append(l.marks, len(l.xs))
						l.xs, l.ys = append(l.xs, math.Log2(float64(s.threads))), append(l.ys, sum.Median)
						l.lo, l.hi = append(l.lo, sum.Lo), append(l.hi, sum.Hi)
						sums = append(sums, sum)
					}
				}
				if len(l.xs) > 0 {
					lines = append(lines, l)
					f.legend = append(f.legend, r.looks[e])
				}
			}
			if len(lines) == 0 {
				continue
			}
			what := "threads"
			if r.Plan.MemTables {
				what = "goroutines"
			}
			f.panels = []panel{scalingPanel(lines, threads, m.unit, what, r.Plan.MemTables)}
			last := sections[len(sections)-1]
			f.finding = fmt.Sprintf("At %s: %s", counted(last.threads, strings.TrimSuffix(what, "s")), last.extremes(w, m))
			short, long := intervalWords(sums)
			f.subtitle += "; " + short
			f.caption = "Medians over rounds. " + long
			g.figures = append(g.figures, f)
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
func scalingPanel(lines []line, threads []int, u unit, label string, log bool) panel {
	p := newPlot()
	set := lineSet{lines, 1.6}
	ticks := plot.ConstantTicks{}
	for _, t := range threads {
		ticks = append(ticks, plot.Tick{Value: math.Log2(float64(t)), Label: strconv.Itoa(t)})
	}
	p.X.Min, p.X.Max = ticks[0].Value-0.25, ticks[len(ticks)-1].Value+0.25
	p.X.Tick.Marker = ticks
	p.X.Label.Text = label
	set.yRange(p, log)
	p.Y.Tick.Marker = linearTicks{u, 5}
	if log {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = logTicks{u}
	}
	p.Add(set)
	return panel{plot: p, height: vg.Points(185)}
}
