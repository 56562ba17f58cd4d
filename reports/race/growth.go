package race

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// growthGroup draws throughput over the number of keys, for workloads of a section that
// differ only in this number.
func (r *run) growthGroup(s *section) page.Group {
	g := page.Group{
		ID: "growth", Title: "Cost of growth",
		Note: "Throughput by the number of keys. A tree's cost grows with the logarithm of its size: the line should fall slowly and have no cliff. Higher is better.",
	}
	var bases []string
	sizes := map[string][]point{}
	for _, w := range s.workloads {
		base := r.baseWorkload(w)
		if sizes[base] == nil {
			bases = append(bases, base)
		}
		keys := s.at(s.enginesOf(w)[0], w).cells[0].Keys
		count := chart.UnitCount.Format(float64(keys))
		sizes[base] = append(sizes[base], point{s, w, math.Log2(float64(keys)), count, count + " keys"})
	}
	for _, base := range bases {
		points := sizes[base]
		slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.at, b.at) })
		if points[0].at == points[len(points)-1].at {
			continue
		}
		sw := sweep{metric: throughput, axis: "keys", points: points}
		g.Figures = append(g.Figures, r.sweepFigures(sw, func() chart.Figure {
			f := r.frame(s, "growth", base, "throughput by keys")
			f.Subtitle = fmt.Sprintf("%s; %s", s.setting, r.rounds(s, points[0].workload))
			return f
		})...)
	}
	return g
}

// baseWorkload returns the workload for which a name of the plan stands.
func (r *run) baseWorkload(name string) string {
	if base, ok := r.Plan.WorkloadOptions[name]["workload"].(string); ok {
		return base
	}
	return name
}
