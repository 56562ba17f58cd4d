package crash

import (
	"fmt"
	"image/color"
	"maps"
	"math"
	"slices"
	"strings"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// exploredSection has the verdicts, and how much was explored for them.
func (r *run) exploredSection() page.Section {
	return page.Section{
		ID: "explored", Title: "Verdicts and what stands behind them",
		Intro: "A crash state is what a power cut could leave at one operation. Profiles, from weak to strong: " + profiles() + ".",
		Groups: slices.DeleteFunc([]page.Group{
			{ID: "verdicts", Title: "Verdicts", Note: "Distinct states judged, or what they break. An empty field was not run.", Figures: r.matrix()},
			{ID: "states", Title: "States", Note: "Equal states are recognised by content and judged once.", Figures: r.states()},
			{ID: "coverage", Title: "Coverage", Note: "Where the power was cut: distinct states by what would have happened next, and what it was for. Tier vm counts by method.", Figures: r.coverage()},
		}, func(g page.Group) bool { return len(g.Figures) == 0 }),
	}
}

func profiles() string {
	var parts []string
	for _, p := range explore.Profiles() {
		parts = append(parts, fmt.Sprintf("%s (%s)", p, p.About()))
	}
	return strings.Join(parts, "; ")
}

// row returns the name of a row of the matrix.
func row(k rundir.Key) string {
	name := k.Engine + ", " + k.FileSystem
	if k.Bug != "" {
		name += ", " + k.Bug
	}
	return name
}

// matrix draws engines and file systems against profiles.
func (r *run) matrix() []chart.Figure {
	var g chart.Grid
	for _, c := range r.cells {
		if !slices.Contains(g.Rows, row(c.Key)) {
			g.Rows = append(g.Rows, row(c.Key))
			g.Fields = append(g.Fields, nil)
		}
		if !slices.Contains(g.Columns, c.Profile) {
			g.Columns = append(g.Columns, c.Profile)
		}
	}
	slices.SortStableFunc(g.Columns, func(a, b string) int { return rank(a) - rank(b) })
	broken := 0
	for i := range g.Fields {
		g.Fields[i] = make([]chart.Field, len(g.Columns))
	}
	for _, c := range r.cells {
		f := chart.Field{Text: states(c.Distinct), Fill: chart.FillGood}
		if len(c.Violations) > 0 {
			broken++
			f = chart.Field{Text: strings.Join(slices.Sorted(maps.Keys(c.Violations)), ", "), Fill: chart.FillBad, Ink: color.White}
			if explore.Profile(c.Profile) == explore.LyingDisk {
				f.Fill, f.Ink = chart.FillNote, nil
			}
		}
		g.Fields[slices.Index(g.Rows, row(c.Key))][slices.Index(g.Columns, c.Profile)] = f
	}
	if len(g.Rows) == 0 {
		return nil
	}
	f := r.figure("verdicts", "Verdict by engine, file system and profile")
	f.Panels = []chart.Panel{g.Panel("")}
	f.Finding = "No field breaks a rule."
	if broken > 0 {
		f.Finding = fmt.Sprintf("%d of %d fields break a rule.", broken, len(r.cells))
	}
	f.Caption = "Blue: sound, with the distinct states judged. Vermilion: the rules broken. Pale orange: loss by a disk that lies, no bug of an engine."
	return []chart.Figure{f}
}

func rank(profile string) int { return slices.Index(explore.Profiles(), explore.Profile(profile)) }

// states draws the explored and the distinct states of every cell.
func (r *run) states() []chart.Figure {
	panels := []chart.DotPanel{
		{Title: "explored", Label: "crash states made", Unit: chart.UnitCount, Log: true, Ref: math.NaN()},
		{Title: "distinct", Label: "distinct states judged", Unit: chart.UnitCount, Log: true, Ref: math.NaN()},
		{Title: "speed", Label: "distinct states a second", Unit: chart.UnitCount, Log: true, Ref: math.NaN()},
	}
	var order []string
	sums := map[string]*rundir.Cell{}
	for _, c := range r.cells {
		name := c.Engine + ", " + c.FileSystem
		if sums[name] == nil {
			order, sums[name] = append(order, name), &rundir.Cell{Key: c.Key}
		}
		sums[name].Add(&c.Counts)
		sums[name].Seconds += c.Seconds
	}
	looks := chart.LooksOf(r.engines(), result.Env{}.IsOwn)
	for _, name := range order {
		c := sums[name]
		look := looks[c.Engine]
		look.Name = name
		for i, v := range []float64{float64(c.Explored), float64(c.Distinct), c.Rate()} {
			panels[i].Rows = append(panels[i].Rows, chart.DotRow{Look: look, Mid: v, Lo: math.NaN(), Hi: math.NaN()})
		}
	}
	f := r.figure("states", "States explored")
	for _, d := range panels {
		if d, ok := d.Usable(); ok {
			f.Panels = append(f.Panels, d.Panel())
		}
	}
	if len(f.Panels) == 0 {
		return nil
	}
	f.Finding = r.lead()
	return []chart.Figure{f}
}

// coverage draws one grid for each engine: kind of operation against role of the file.
func (r *run) coverage() (figures []chart.Figure) {
	for _, e := range r.engines() {
		var sum explore.Counts
		for _, c := range r.cells {
			if c.Engine == e {
				sum.Add(&c.Counts)
			}
		}
		if len(sum.Coverage) == 0 {
			continue
		}
		f := r.figure("coverage-"+e, "Coverage: "+e)
		f.Panels = []chart.Panel{coverageGrid(sum.Coverage).Panel("")}
		f.Finding = fmt.Sprintf("%s was cut at %s of what came next and what it was for.", e, human.Count(len(sum.Coverage), "combination"))
		f.Caption = "Rows: what would have happened next (tier vm: the method). Columns: what it was for. Darker: more distinct states."
		figures = append(figures, f)
		if lost := sum.LossGrid(); len(lost) > 0 {
			f := r.figure("lost-"+e, "What was lost: "+e)
			f.Panels = []chart.Panel{coverageGrid(lost).Panel("")}
			f.Finding = fmt.Sprintf("States of %s had lost %s of operation, kind of loss and what it was for.", e, human.Count(len(lost), "combination"))
			f.Caption = "Rows: the operation and how much of it was gone. Columns: what it was for. A state counts for each of its losses."
			figures = append(figures, f)
		}
	}
	return figures
}

func coverageGrid(sum map[string]int64) (g chart.Grid) {
	most := int64(0)
	for _, key := range slices.Sorted(maps.Keys(sum)) {
		kind, role, _ := strings.Cut(key, " ")
		if !slices.Contains(g.Rows, kind) {
			g.Rows = append(g.Rows, kind)
		}
		if !slices.Contains(g.Columns, role) {
			g.Columns = append(g.Columns, role)
		}
		most = max(most, sum[key])
	}
	slices.Sort(g.Columns)
	for _, kind := range g.Rows {
		fields := make([]chart.Field, len(g.Columns))
		for i, role := range g.Columns {
			n := sum[kind+" "+role]
			fields[i] = chart.Shade(states(n), float64(n), float64(most))
		}
		g.Fields = append(g.Fields, fields)
	}
	return g
}

// states writes a number of states. Below a thousand it writes all digits, because
// there is no part of a state.
func states(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return chart.UnitCount.Format(float64(n))
}

func (r *run) figure(name, title string) chart.Figure {
	return chart.Figure{Name: name, Title: title, Footer: r.footer()}
}
