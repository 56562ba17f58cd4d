package race

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lsmlab/reports/page"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/reports/chart"
)

// slug returns the name of a setting for file names and anchors.
func (s setting) slug() string {
	out := fmt.Sprintf("%s-%s-t%d", s.durability, s.loop, s.threads)
	if s.open() {
		out = fmt.Sprintf("%s-%s%g-t%d", s.durability, s.loop, s.rate, s.threads)
	}
	return result.FileSafe(out)
}

// memInsert is the workload that fills a bare table.
const memInsert = "memtable-insert"

// only returns the section with one of its workloads.
func (s *section) only(workload string) *section {
	one := *s
	one.workloads = slices.DeleteFunc(slices.Clone(s.workloads), func(w string) bool { return w != workload })
	return &one
}

// String says what is common to every chart of a setting.
func (s setting) String() string {
	if s.kind != "" {
		return kindWords(s.kind) + ", " + human.Count(s.threads, "goroutine")
	}
	return fmt.Sprintf("%s, %s, %s", s.durability, s.loopWords(), human.Count(s.threads, "thread"))
}

func (s setting) loopWords() string {
	if s.open() {
		return fmt.Sprintf("open loop at %s operations/s", human.Thousands(fmt.Sprintf("%.0f", s.rate)))
	}
	if s.loop == result.LoopSustained {
		return "open loop at the highest rate that lasts"
	}
	return "closed loop"
}

// frame returns a figure with everything that all figures of a section share.
func (r *run) frame(s *section, kind, workload, title string) chart.Figure {
	f := chart.Figure{
		Name: s.slug() + "-" + kind + "-" + result.FileSafe(workload), Title: workload + ": " + title,
		Subtitle: fmt.Sprintf("%s; %s", s.setting, r.rounds(s, workload)), Footer: page.Provenance(r.Env),
	}
	if t := s.transactions(workload); t != nil {
		f.Subtitle += "; isolation level " + t.Isolation
	}
	return f
}

// rounds says how many rounds the engines have.
func (r *run) rounds(s *section, workload string) string {
	least, most := math.MaxInt, 0
	for _, e := range s.enginesOf(workload) {
		n := len(s.at(e, workload).cells)
		least, most = min(least, n), max(most, n)
	}
	if least == most {
		return human.Count(most, "round")
	}
	return fmt.Sprintf("%d to %d rounds", least, most)
}

// figures draws one section.
func (r *run) figures(s *section) ([]page.Group, error) {
	latency, err := r.latencyGroups(s)
	if err != nil {
		return nil, err
	}
	timelines, err := r.timelineGroup(s)
	if err != nil {
		return nil, err
	}
	groups := []page.Group{r.throughputGroup(s), r.ratioGroup(s), r.growthGroup(s)}
	groups = append(groups, r.transactionGroups(s)...)
	groups = append(groups, latency...)
	groups = append(groups,
		timelines,
		r.dotGroup(s, "amplification", "Write, space and read amplification",
			"Write amplification counts what the process caused to be written to storage, alike for every engine; read amplification is the engine's own account, where it keeps one.",
			writeAmp, spaceAmp, readAmp),
		r.dotGroup(s, "resources", "Memory, collector and CPU", "Of the whole process, the harness included.", rssPeak, heapPeak, gcPauses, gcMax, cpuPerOp),
		r.dotGroup(s.only(memInsert), "memtable", "Memory and collector cost of a MemTable",
			"What a table costs the process that holds it, after "+memInsert+"; the other workloads leave the same entries and are in the table of all figures.", bytesPerEntry, gcCycle),
	)
	for i := range groups {
		groups[i].ID = s.slug() + "-" + groups[i].ID
	}
	return slices.DeleteFunc(groups, func(g page.Group) bool { return len(g.Figures) == 0 }), nil
}

func (r *run) throughputGroup(s *section) page.Group {
	g := page.Group{ID: "throughput", Title: "Throughput", Note: "Higher is better." + chart.ReadDots + chart.ReadLooks}
	if s.open() {
		g.Note = "An open loop starts operations by the clock: an engine that keeps up reaches the intended rate (the line) and is judged by its latency." + chart.ReadDots + chart.ReadLooks
	}
	for _, w := range s.workloads {
		panel, sums := r.dots(s, w, throughput)
		if s.open() {
			panel.Ref = s.rate
		}
		f := r.frame(s, "throughput", w, "throughput")
		f.Finding = s.extremes(w, throughput)
		g.AddDots(f, sums, panel)
	}
	return g
}

// dots makes the rows of a metric, in the order of the plan.
func (r *run) dots(s *section, workload string, m metric) (chart.DotPanel, []stat.Summary) {
	d := chart.DotPanel{Label: m.label, Unit: m.unit, Ref: math.NaN()}
	var sums []stat.Summary
	for _, e := range s.enginesOf(workload) {
		sum := s.at(e, workload).summary(m)
		sums = append(sums, sum)
		d.Rows = append(d.Rows, chart.SumRow(r.looks[e], sum))
	}
	return d, sums
}

func (r *run) ratioGroup(s *section) page.Group {
	m := s.deciding()
	g := page.Group{
		ID: "ratio", Title: "Ratio to " + r.baseline,
		Note: fmt.Sprintf("%s of each engine over that of %s in the same round, geometric mean of the rounds, on a logarithmic axis; 1 is %s. %s is better. Whiskers: 95%% interval of the ratio (Student's t interval on logarithms); one without a cap goes on. Grey band: ratios below the resolution, the smallest ratio that these rounds could have shown with a probability of 80%%. A difference that is not shown, or lies in the band, is not resolved. A/A: one engine against itself, as a control.",
			human.UpperFirst(m.name), r.baseline, r.baseline, betterWord(m)),
	}
	for _, w := range s.workloads {
		d := chart.DotPanel{Label: fmt.Sprintf("%s over %s", m.name, r.baseline), Unit: chart.UnitTimes, Log: true, Ref: 1}
		for _, e := range s.enginesOf(w) {
			if e == r.baseline || result.IsAgain(e) {
				continue
			}
			if q := r.ratio(pair{s, w, e, r.baseline}); q.OK() {
				d.Rows = append(d.Rows, ratioRow(r.looks[e], q))
			}
		}
		d.Rows = append(d.Rows, r.controlRows(s, w)...)
		f := r.frame(s, "ratio", w, fmt.Sprintf("%s over %s", m.name, r.baseline))
		f.Finding = r.ratioFinding(s, w)
		f.Subtitle += "; whiskers: 95% CI; band: resolution"
		g.AddDots(f, nil, d)
	}
	return g
}

func betterWord(m metric) string {
	if m.higher {
		return "Higher"
	}
	return "Lower"
}

// dotGroup draws several metrics of a workload below each other.
func (r *run) dotGroup(s *section, id, title, note string, metrics ...metric) page.Group {
	g := page.Group{ID: id, Title: title, Note: note + " Lower is better." + chart.ReadDots}
	for _, w := range s.workloads {
		f := r.frame(s, id, w, human.LowerFirst(title))
		var panels []chart.DotPanel
		var sums []stat.Summary
		var findings []string
		for _, m := range metrics {
			d, these := r.dots(s, w, m)
			d.Title = m.name
			sums = append(sums, these...)
			panels = append(panels, d)
			if text := s.extremes(w, m); text != "" {
				findings = append(findings, text)
			}
		}
		f.Finding = strings.Join(findings, " ")
		g.AddDots(f, sums, panels...)
	}
	return g
}
