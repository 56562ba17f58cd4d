package history

import (
	"lsmlab/harness/history"
	"lsmlab/harness/result"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// changesTable has every change with its figures.
func (d drawer) changesTable() page.Table {
	t := page.Table{ID: d.id("changes"), Caption: "Every change, shown and suspected", Head: []page.Column{
		{Name: "engine"},
		{Name: "workload"},
		{Name: "durability"},
		{Name: "threads", Numeric: true},
		{Name: "figure"},
		{Name: "first run"},
		{Name: "ratio", Numeric: true},
		{Name: "low", Numeric: true},
		{Name: "high", Numeric: true},
		{Name: "P", Numeric: true},
		{Name: "verdict"},
		{Name: "where"},
	}}
	for _, s := range d.group.Series {
		for _, c := range s.Changes {
			t.Rows = append(t.Rows, []page.Cell{
				page.Head(s.Engine), page.Text(s.Workload), page.Text(s.Durability), page.Int(int64(s.Threads)), page.Text(words(s.Figure)),
				page.Text(d.group.Runs[c.After].Dir), page.Number(c.Ratio, chart.UnitTimes), page.Number(c.Lo, chart.UnitTimes), page.Number(c.Hi, chart.UnitTimes),
				page.Number(c.P, chart.UnitPlain), page.Text(c.Word()), page.Text(c.Commits),
			})
		}
	}
	return t
}

// runsTable says which runs a group has.
func (d drawer) runsTable() page.Table {
	t := page.Table{ID: d.id("runs"), Caption: "Runs in their order", Head: []page.Column{
		{Name: "run"}, {Name: "commit"}, {Name: "committed"}, {Name: "measured"}, {Name: "kernel"}, {Name: "Go"},
	}}
	for _, r := range d.group.Runs {
		committed := ""
		if !r.CommitTime.IsZero() {
			committed = r.CommitTime.UTC().Format(timeLayout)
		}
		t.Rows = append(t.Rows, []page.Cell{
			page.Head(r.Dir), page.Text(result.Env{Commit: r.Commit, Dirty: r.Dirty}.ShortCommit()), page.Text(committed), page.Text(r.Started.UTC().Format(timeLayout)),
			page.Text(r.Kernel), page.Text(r.GoVersion),
		})
	}
	return t
}

const timeLayout = "2006-01-02 15:04"

// rawTable has every value.
func rawTable(h history.History) page.Table {
	t := page.Table{ID: "values", Caption: "Medians of every run", Head: []page.Column{
		{Name: "run"},
		{Name: "commit"},
		{Name: "engine"},
		{Name: "workload"},
		{Name: "durability"},
		{Name: "threads", Numeric: true},
		{Name: "figure"},
		{Name: "median", Numeric: true},
		{Name: "least", Numeric: true},
		{Name: "most", Numeric: true},
		{Name: "rounds", Numeric: true},
	}}
	for _, g := range h.Groups {
		for _, s := range g.Series {
			u := unitOf(s.Figure)
			for _, v := range s.Values {
				r := g.Runs[v.Run]
				t.Rows = append(t.Rows, []page.Cell{
					page.Head(r.Dir), page.Text(r.Name()), page.Text(s.Engine), page.Text(s.Workload), page.Text(s.Durability), page.Int(int64(s.Threads)), page.Text(words(s.Figure)),
					page.Number(v.Median, u), page.Number(v.Min, u), page.Number(v.Max, u), page.Int(int64(v.Rounds)),
				})
			}
		}
	}
	return t
}
