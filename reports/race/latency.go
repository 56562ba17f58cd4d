package race

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"lsmlab/reports/page"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/reports/chart"
)

// readLatency says how to read a latency chart. It is said once for a group of charts.
const readLatency = " Lower is better. The rounds are taken together; both axes are logarithmic."

// Percentiles that have a tick and a column.
var percentiles = []struct {
	q    float64
	name string
}{
	{50, "p50"}, {90, "p90"}, {99, "p99"}, {99.9, "p99.9"}, {99.99, "p99.99"}, {99.999, "p99.999"}, {99.9999, "p99.9999"},
}

// nines is the horizontal axis of a percentile curve: 1 for p90, 2 for p99.
func nines(q float64) float64 { return -math.Log10(1 - q/100) }

// latencyLine is the percentile curve of a histogram, from p50 to its maximum. The
// maximum is drawn at the percentile above which there is one recorded value.
func latencyLine(l chart.Look, h *hdrhistogram.Histogram) chart.Line {
	out := chart.Line{Look: l}
	last := nines(100 * (1 - 1/float64(max(h.TotalCount(), 2))))
	add := func(x float64, v int64) {
		out.Xs, out.Ys = append(out.Xs, x), append(out.Ys, math.Max(float64(v), 1))
	}
	const steps = 20 // a decade of the axis
	for i := int(math.Ceil(nines(50) * steps)); ; i++ {
		x := float64(i) / steps
		if len(out.Xs) == 0 {
			add(nines(50), h.ValueAtQuantile(50))
			out.Marks = append(out.Marks, 0)
		}
		if x >= last {
			break
		}
		if x <= nines(50) {
			continue
		}
		if i%steps == 0 {
			out.Marks = append(out.Marks, len(out.Xs))
		}
		add(x, h.ValueAtQuantile(100*(1-math.Pow(10, -x))))
	}
	if last > nines(50) {
		out.Marks = append(out.Marks, len(out.Xs))
		add(last, h.Max())
	}
	return out
}

// latencyPanel draws percentile curves.
func latencyPanel(lines []chart.Line) chart.Panel {
	p := chart.NewPlot()
	set := chart.LineSet{Lines: lines, Width: 1.6}
	p.X.Min, p.X.Max = nines(50), nines(90)
	for _, l := range lines {
		p.X.Max = math.Max(p.X.Max, l.Xs[len(l.Xs)-1])
	}
	p.X.Max += 0.1
	ticks := plot.ConstantTicks{}
	for _, q := range percentiles {
		if x := nines(q.q); x <= p.X.Max {
			ticks = append(ticks, plot.Tick{Value: x, Label: q.name})
		}
	}
	p.X.Tick.Marker = ticks
	p.X.Label.Text = "percentile of operations (the last marker is the maximum)"
	set.YRange(p, true)
	p.Y.Scale = plot.LogScale{}
	p.Y.Tick.Marker = chart.LogTicks{Unit: chart.UnitNanos}
	p.Add(set)
	return chart.Panel{Plot: p, Height: vg.Points(185)}
}

// latencyGroups draws percentile curves of all rounds together: of the time from the
// intended start and of the service time, if there are both.
func (r *run) latencyGroups(s *section) ([]page.Group, error) {
	service := page.Group{
		ID: "latency", Title: "Latency",
		Note: "Service time of an operation, from its start to its end. In a closed loop a slow operation delays the next ones unseen: compare tails with care." + readLatency,
	}
	intended := page.Group{
		ID: "latency-intended", Title: "Latency from the intended start",
		Note: "Time from when the clock said that an operation should start: queueing behind slow ones counts." + readLatency,
	}
	if s.open() {
		service.Title, service.Note = "Service time", "From the real start of an operation to its end, without queueing."+readLatency
	}
	for _, w := range s.workloads {
		byTag := map[string]map[string]*hdrhistogram.Histogram{result.HistService: {}, result.HistIntended: {}}
		for _, e := range s.enginesOf(w) {
			files, err := r.hists(s.at(e, w))
			if err != nil {
				return nil, err
			}
			for tag, of := range byTag {
				if h := result.Merged(tag, files...); h != nil && h.TotalCount() > 0 {
					of[e] = h
				}
			}
		}
		r.addLatency(&service, s, w, byTag[result.HistService])
		r.addLatency(&intended, s, w, byTag[result.HistIntended])
	}
	return []page.Group{intended, service}, nil
}

func (r *run) addLatency(g *page.Group, s *section, workload string, of map[string]*hdrhistogram.Histogram) {
	var engines []string
	for _, e := range s.enginesOf(workload) {
		if of[e] != nil {
			engines = append(engines, e)
			addLatencyRow(g, s, workload, e, of[e])
		}
	}
	if len(engines) == 0 {
		return
	}
	parts := chart.Chunks(engines, r.baseline)
	for i, part := range parts {
		f := r.frame(s, g.ID, workload, human.LowerFirst(g.Title))
		f.Number(i, len(parts))
		var lines []chart.Line
		for _, e := range part {
			lines = append(lines, latencyLine(r.looks[e], of[e]))
			f.Legend = append(f.Legend, r.looks[e])
		}
		f.Panels = []chart.Panel{latencyPanel(lines)}
		f.Finding = latencyFinding(part, of)
		g.Figures = append(g.Figures, f)
	}
}

func latencyFinding(engines []string, of map[string]*hdrhistogram.Histogram) string {
	var words []string
	for _, q := range []float64{50, 99, 99.9} {
		best := slices.MinFunc(engines, func(a, b string) int { return cmp.Compare(of[a].ValueAtQuantile(q), of[b].ValueAtQuantile(q)) })
		worst := slices.MaxFunc(engines, func(a, b string) int { return cmp.Compare(of[a].ValueAtQuantile(q), of[b].ValueAtQuantile(q)) })
		ns := func(e string) string { return chart.UnitNanos.Format(float64(of[e].ValueAtQuantile(q))) }
		text := fmt.Sprintf("p%g from %s (%s) to %s (%s)", q, ns(best), best, ns(worst), worst)
		if best == worst || ns(best) == ns(worst) {
			text = fmt.Sprintf("p%g %s", q, ns(best))
		}
		words = append(words, text)
	}
	return strings.Join(words, "; ") + "."
}
