package isolation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/reports/page"
)

// crashSection says what power cuts did to transactions: a row for each engine and level,
// with the states that had each verdict.
func (r *run) crashSection() page.Section {
	names := isorun.Verdicts()
	for i := range r.crashes {
		for _, name := range slices.Sorted(maps.Keys(r.crashes[i].Counts())) {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	t := page.Table{ID: "crashes", Caption: "Crash states by verdict", Head: []page.Column{
		{Name: "engine"}, {Name: "level"}, {Name: "power cut"}, {Name: "profile"}, {Name: "programs", Numeric: true}, {Name: "states", Numeric: true},
	}}
	for _, name := range names {
		t.Head = append(t.Head, page.Column{Name: name, Numeric: true})
	}
	found := page.Table{ID: "crash-findings", Caption: "Findings", Head: []page.Column{{Name: "engine"}, {Name: "level"}, {Name: "verdict"}, {Name: "what was found"}, {Name: "shown again by"}}}
	for i := range r.crashes {
		c := &r.crashes[i]
		row := []page.Cell{page.Head(c.Engine), page.Text(c.Level), page.Text(c.Tier), page.Text(c.Profile), page.Int(c.Programs), page.Int(c.Distinct)}
		counts := c.Counts()
		for _, name := range names {
			row = append(row, page.Int(counts[name]))
		}
		t.Rows = append(t.Rows, row)
		for _, f := range c.Findings {
			found.Rows = append(found.Rows, []page.Cell{page.Head(c.Engine), page.Text(c.Level), page.Text(isorun.Verdict(f.Rule)), page.Text(f.Detail), page.Text(f.Command)})
		}
	}
	s := page.Section{
		ID: "crashes", Title: "Power cuts", TablesTitle: "By engine and level", Tables: []page.Table{t},
		Intro: "The power is cut while interleaved transactions run, and every distinct state that this may leave is judged. " + crashText(r.crashes),
	}
	if len(found.Rows) > 0 {
		s.Tables = append(s.Tables, found)
	}
	return s
}

// crashText says in a sentence what came out.
func crashText(all []isorun.Crash) string {
	states, broken := int64(0), []string{}
	for i := range all {
		c := &all[i]
		states += c.Distinct
		if len(c.Violations) > 0 {
			broken = append(broken, fmt.Sprintf("%s at %s (%s)", c.Engine, c.Level, c.Text()))
		}
	}
	if len(broken) == 0 {
		return fmt.Sprintf("All %d states are sound.", states)
	}
	return fmt.Sprintf("Of %d states some are not sound: %s.", states, strings.Join(broken, "; "))
}
