package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lsmlab/harness/stat"
)

// figureGroup is figures of one kind, one a workload.
type figureGroup struct {
	id, title, note string
	figures         []figure
	table           *table
}

// slug names a setting in file names and anchors.
func (s setting) slug() string {
	out := fmt.Sprintf("%s-%s-t%d", s.durability, s.loop, s.threads)
	if s.open() {
		out = fmt.Sprintf("%s-%s%g-t%d", s.durability, s.loop, s.rate, s.threads)
	}
	return fileSafe(out)
}

func fileSafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return '_'
	}, s)
}

// memInsert is the workload that a bare table is filled by.
const memInsert = "memtable-insert"

// only returns the section with one of its workloads.
func (s *section) only(workload string) *section {
	one := *s
	one.workloads = slices.DeleteFunc(slices.Clone(s.workloads), func(w string) bool { return w != workload })
	return &one
}

// String says what holds for every chart of a setting.
func (s setting) String() string {
	if s.bare {
		return "bare MemTables, " + counted(s.threads, "goroutine")
	}
	return fmt.Sprintf("%s, %s, %s", s.durability, s.loopWords(), counted(s.threads, "thread"))
}

func (s setting) loopWords() string {
	if s.open() {
		return fmt.Sprintf("open loop at %s operations/s", thousands(fmt.Sprintf("%.0f", s.rate)))
	}
	return "closed loop"
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// frame fills in what all figures of a section have.
func (r *run) frame(s *section, kind, workload, title string) figure {
	return figure{
		name: s.slug() + "-" + kind + "-" + fileSafe(workload), title: workload + ": " + title,
		subtitle: fmt.Sprintf("%s; %s", s.setting, r.rounds(s, workload)), footer: r.provenance(),
	}
}

// rounds says how many rounds the engines have.
func (r *run) rounds(s *section, workload string) string {
	least, most := math.MaxInt, 0
	for _, e := range s.enginesOf(workload) {
		n := len(s.at(e, workload).cells)
		least, most = min(least, n), max(most, n)
	}
	if least == most {
		return counted(most, "round")
	}
	return fmt.Sprintf("%d to %d rounds", least, most)
}

// provenance is the machine, the version and the command of every chart.
func (r *run) provenance() string {
	e := r.Env
	parts := []string{
		fmt.Sprintf("%s, %s, %s", orUnknown(e.CPU, "CPU"), counted(e.Cores, "core"), unitBytes.format(float64(e.MemoryBytes))),
		strings.TrimSpace(e.OS + " " + e.Kernel), orUnknown(e.FileSystem, "file system"), orUnknown(e.GoVersion, "Go version"), "lsmlab " + r.version(),
	}
	return strings.Join(parts, "; ") + ". " + e.Command
}

func orUnknown(s, what string) string {
	if s == "" {
		return "unknown " + what
	}
	return s
}

// version names the build that measured.
func (r *run) version() string {
	e := r.Env
	v := orUnknown(e.Module, "version") + ", commit unknown"
	if e.Commit != "" {
		v = e.Commit[:min(12, len(e.Commit))]
	}
	if e.Dirty {
		v += " with changes"
	}
	return v
}

// figures draws one section.
func (r *run) figures(s *section) ([]figureGroup, error) {
	latency, err := r.latencyGroups(s)
	if err != nil {
		return nil, err
	}
	timelines, err := r.timelineGroup(s)
	if err != nil {
		return nil, err
	}
	groups := []figureGroup{r.throughputGroup(s), r.ratioGroup(s)}
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
		groups[i].id = s.slug() + "-" + groups[i].id
	}
	return slices.DeleteFunc(groups, func(g figureGroup) bool { return len(g.figures) == 0 }), nil
}

// intervalWords says what the whiskers of a chart are, in few words and in all.
func intervalWords(sums []stat.Summary) (short, long string) {
	n, confidence := math.MaxInt, 1.0
	for _, s := range sums {
		if s.N() > 0 {
			n, confidence = min(n, s.N()), min(confidence, s.Confidence)
		}
	}
	switch {
	case n == math.MaxInt:
		return "", ""
	case n == 1:
		return "no interval", "One round has no interval."
	case n < 6:
		return "whiskers: range", fmt.Sprintf("Whiskers: the range of the rounds, which holds the true median with %.3g%% confidence (95%% takes 6 rounds).", 100*confidence)
	}
	return "whiskers: 95% CI", fmt.Sprintf("Whiskers: confidence interval of the median, %.3g%% or more.", 100*confidence)
}

// How to read a chart, said once a group.
const (
	readLatency = " Lower is better. The rounds are taken together; both axes are logarithmic."
	readDots    = " Marker: median of the rounds. Small dots: every round."
	readLooks   = " Filled markers and solid lines are variants of lsmlab's own core, hollow markers and dashes are peers."
)

func (r *run) throughputGroup(s *section) figureGroup {
	g := figureGroup{id: "throughput", title: "Throughput", note: "Higher is better." + readDots + readLooks}
	if s.open() {
		g.note = "An open loop starts operations by the clock: an engine that keeps up reaches the intended rate (the line) and is judged by its latency." + readDots + readLooks
	}
	for _, w := range s.workloads {
		panel, sums := r.dots(s, w, throughput)
		if s.open() {
			panel.ref = s.rate
		}
		f := r.frame(s, "throughput", w, "throughput")
		f.finding = s.extremes(w, throughput)
		g.add(f, sums, panel)
	}
	return g
}

// dots makes the rows of a metric, in the order of the plan.
func (r *run) dots(s *section, workload string, m metric) (dotPanel, []stat.Summary) {
	d := dotPanel{label: m.label, unit: m.unit, ref: math.NaN()}
	var sums []stat.Summary
	for _, e := range s.enginesOf(workload) {
		sum := s.at(e, workload).summary(m)
		sums = append(sums, sum)
		d.rows = append(d.rows, sumRow(r.looks[e], sum))
	}
	return d, sums
}

// add adds a figure of dot panels unless all of them are empty.
func (g *figureGroup) add(f figure, sums []stat.Summary, panels ...dotPanel) {
	for _, d := range panels {
		if d, ok := d.usable(); ok {
			f.panels = append(f.panels, d.panel())
		}
	}
	if len(f.panels) == 0 {
		return
	}
	if short, long := intervalWords(sums); short != "" {
		f.subtitle += "; " + short
		f.caption = long
	}
	g.figures = append(g.figures, f)
}

func (r *run) ratioGroup(s *section) figureGroup {
	m := s.deciding()
	g := figureGroup{
		id: "ratio", title: "Ratio to " + r.baseline,
		note: fmt.Sprintf("Each engine's median %s over that of %s, on a logarithmic axis; 1 is %s. %s is better. Whiskers: 95%% interval of the ratio (Welch's t interval on logarithms); one without a cap goes on.",
			m.name, r.baseline, r.baseline, betterWord(m)),
	}
	for _, w := range s.workloads {
		base := s.at(r.baseline, w).summary(m)
		d := dotPanel{label: fmt.Sprintf("%s over %s", m.name, r.baseline), unit: unitTimes, log: true, ref: 1}
		for _, e := range s.enginesOf(w) {
			if e == r.baseline {
				continue
			}
			if q := stat.Compare(base, s.at(e, w).summary(m)); q.OK() {
				d.rows = append(d.rows, dotRow{look: r.looks[e], mid: q.Value, lo: q.Lo, hi: q.Hi})
			}
		}
		f := r.frame(s, "ratio", w, fmt.Sprintf("%s over %s", m.name, r.baseline))
		f.finding = s.ratioFinding(w, r.baseline)
		f.subtitle += "; whiskers: 95% CI"
		g.add(f, nil, d)
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
func (r *run) dotGroup(s *section, id, title, note string, metrics ...metric) figureGroup {
	g := figureGroup{id: id, title: title, note: note + " Lower is better." + readDots}
	for _, w := range s.workloads {
		f := r.frame(s, id, w, lowerFirst(title))
		var panels []dotPanel
		var sums []stat.Summary
		var findings []string
		for _, m := range metrics {
			d, these := r.dots(s, w, m)
			d.title = m.name
			sums = append(sums, these...)
			panels = append(panels, d)
			if text := s.extremes(w, m); text != "" {
				findings = append(findings, text)
			}
		}
		f.finding = strings.Join(findings, " ")
		g.add(f, sums, panels...)
	}
	return g
}

// number tells the parts of a figure apart.
func (f *figure) number(i, of int) {
	if of > 1 {
		f.name += fmt.Sprintf("-%d", i+1)
		f.title += fmt.Sprintf(" (%d of %d)", i+1, of)
	}
}
