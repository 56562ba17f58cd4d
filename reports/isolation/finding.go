package isolation

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"lsmlab/powerfail/isolation"
	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/powerfail/isolation/probe"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// findingsSection has a group for each finding.
func (r *run) findingsSection() page.Section {
	s := page.Section{
		ID: "findings", Title: "Findings",
		Intro: "The directory of a finding has its script, its history and a drawing for Graphviz. Stepwise scripts were made as small as was found to show it.",
	}
	for i := range r.findings {
		s.Groups = append(s.Groups, r.findingGroup(i+1, &r.findings[i]))
	}
	return s
}

func (r *run) findingGroup(n int, f *isorun.Finding) page.Group {
	id := fmt.Sprintf("finding-%03d", n)
	note := fmt.Sprintf("%s at %s promises %s. %s: %s. %s. Show it again: %s", f.Engine, f.Level, f.Promised, f.By.Name, f.By.Text, ranAs(f), f.Command)
	if f.Disagreed {
		note += ". The judge that goes by LSNs does not find it: one of the judges is wrong, or the LSNs are"
	}
	t := &page.Table{ID: id + "-txns", Caption: "The transactions of the anomaly", Head: []page.Column{{Name: "transaction"}, {Name: "session"}, {Name: "outcome"}, {Name: "what it did"}}}
	for _, i := range drawn(f.By) {
		txn := f.History[i]
		var ops []string
		for _, o := range txn.Ops {
			ops = append(ops, o.String())
		}
		t.Rows = append(t.Rows, []page.Cell{page.Head(fmt.Sprintf("T%d", i)), page.Text(fmt.Sprint(txn.Process)), page.Text(txn.Outcome.String()), page.Text(strings.Join(ops, "; "))})
	}
	return page.Group{ID: id, Title: fmt.Sprintf("%03d: %s, %s at %s", n, f.By.Name, f.Engine, f.Level), Note: note, Table: t, Figures: []chart.Figure{r.figure(id, f)}}
}

func ranAs(f *isorun.Finding) string {
	if f.Way == probe.Parallel {
		return "The sessions ran beside each other"
	}
	return "The script ran step by step"
}

// drawn returns the transactions of an anomaly, each once, in the order in which they began.
func drawn(a *isolation.Anomaly) []int {
	all := slices.Clone(a.Txns)
	slices.Sort(all)
	return slices.Compact(all)
}

func (r *run) figure(id string, f *isorun.Finding) chart.Figure {
	w := witness{finding: f, txns: drawn(f.By)}
	figure := chart.Figure{
		Name: id + "-witness", Title: fmt.Sprintf("%s: %s at %s", f.By.Name, f.Engine, f.Level), Subtitle: "which transaction comes before which",
		Panels: []chart.Panel{w.panel()}, Footer: r.Command, Finding: f.By.Text + ".",
		Caption: "One bar a transaction, from its begin to its end. An arrow leads from a transaction to one that must come after it; the arrows make a circle.",
	}
	for _, e := range f.By.Cycle {
		figure.Caption += fmt.Sprintf(" %s: %s.", e.Kind, e.Text)
	}
	return figure
}

// witness draws the transactions of an anomaly over time, and its edges.
type witness struct {
	finding *isorun.Finding
	txns    []int
}

func (w witness) panel() chart.Panel {
	p := chart.NewPlot()
	n := len(w.txns)
	first, last := w.finding.History[w.txns[0]].Begin, int64(0)
	var names plot.ConstantTicks
	for i, t := range w.txns {
		txn := w.finding.History[t]
		first, last = min(first, txn.Begin), max(last, txn.End)
		names = append(names, plot.Tick{Value: float64(n - 1 - i), Label: fmt.Sprintf("T%d", t)})
	}
	p.Y.Min, p.Y.Max = -0.6, float64(n)-0.4
	p.Y.Tick.Marker = names
	p.Y.Tick.Length, p.Y.LineStyle.Width = 0, 0
	span := float64(last-first) + 1
	p.X.Min, p.X.Max = float64(first)-0.05*span, float64(last)+0.2*span
	p.X.Tick.Marker = chart.LinearTicks{Unit: chart.UnitCount, Want: 5}
	p.X.Label.Text = "begins and ends of transactions, in their order"
	p.Add(w)
	return chart.Panel{Plot: p, Height: vg.Points(40*float64(n) + 34)}
}

var (
	barColor   = color.RGBA{0x00, 0x72, 0xB2, 255}
	arrowColor = color.RGBA{0xD5, 0x5E, 0x00, 255}
)

// Plot implements [plot.Plotter].
func (w witness) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	chart.DrawVerticals(c, p, x)
	lane := func(t int) vg.Length { return y(float64(len(w.txns) - 1 - slices.Index(w.txns, t))) }
	for _, t := range w.txns {
		txn := w.finding.History[t]
		c.StrokeLine2(draw.LineStyle{Color: barColor, Width: vg.Points(4)}, x(float64(txn.Begin)), lane(t), x(float64(max(txn.End, txn.Begin))), lane(t))
	}
	cycle := w.finding.By.Txns
	for i := range w.finding.By.Cycle { // arrows stand beside each other, right of the bars
		from, to := lane(cycle[i]), lane(cycle[(i+1)%len(cycle)])
		at := x(p.X.Max) - vg.Points(10)*vg.Length(len(cycle)-i)
		sty := draw.LineStyle{Color: arrowColor, Width: vg.Points(1.2)}
		c.StrokeLine2(sty, at, from, at, to)
		tip := vg.Points(4)
		if from < to {
			tip = -tip
		}
		c.StrokeLine2(sty, at-vg.Points(3), to+tip, at, to)
		c.StrokeLine2(sty, at+vg.Points(3), to+tip, at, to)
	}
}
