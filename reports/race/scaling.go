package race

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// scalingGroup draws a metric over thread counts, for settings that differ in nothing
// else. It has no figures if no workload was run with several thread counts.
func (r *run) scalingGroup(sections []*section) page.Group {
	first := sections[0]
	m, title, axis := throughput, "Throughput by threads", "thread"
	if first.kind != "" {
		m, title, axis = nsPerOp, "Time per operation by goroutines", "goroutine"
	}
	g := page.Group{
		ID: result.FileSafe(first.slug() + "-scaling"), Title: title,
		Note: fmt.Sprintf("The only charts that mix thread counts. %s is better.", betterWord(m)),
	}
	for _, w := range first.workloads {
		var points []point
		for _, s := range sections {
			if slices.Contains(s.workloads, w) {
				points = append(points, point{s, w, math.Log2(float64(s.threads)), strconv.Itoa(s.threads), human.Count(s.threads, axis)})
			}
		}
		sw := sweep{metric: m, axis: axis + "s", log: first.kind != "", points: points}
		g.Figures = append(g.Figures, r.sweepFigures(sw, func() chart.Figure {
			f := r.frame(first, "scaling", w, human.LowerFirst(title))
			f.Subtitle = r.rounds(first, w)
			if first.kind == "" {
				f.Subtitle = fmt.Sprintf("%s, %s; %s", first.durability, first.loopWords(), f.Subtitle)
			}
			return f
		})...)
	}
	return g
}

// scalings returns groups of sections that differ only in their threads, where there
// are several such sections.
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
