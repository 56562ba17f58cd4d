package crash

import (
	"cmp"
	"fmt"
	"strings"

	"lsmlab/harness/human"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// findingsSection has one group for each finding.
func (r *run) findingsSection() page.Section {
	s := page.Section{
		ID: "findings", Title: "Findings",
		Intro: "The directory of a finding has its program, history and crash state.",
	}
	switch r.Tier {
	case "vm": // machines do not repeat exactly
	case "disk":
		s.Intro = "What the crash took was given back as far as the finding allows. " + s.Intro
	default:
		s.Intro = "Each was shrunk: what is lost below must be lost for it, and no more. " + s.Intro
	}
	for i := range r.findings {
		s.Groups = append(s.Groups, r.findingGroup(i+1, &r.findings[i]))
	}
	if t := r.fileTable(); len(t.Rows) > 0 {
		s.TablesTitle, s.Tables = "Files", append(s.Tables, t)
	}
	if t := r.damageTable(); len(t.Rows) > 0 {
		s.TablesTitle, s.Tables = "Damage by file", append(s.Tables, t)
	}
	return s
}

func (r *run) findingGroup(n int, f *rundir.Finding) page.Group {
	name := fmt.Sprintf("finding-%03d", n)
	g := page.Group{
		ID: name, Title: fmt.Sprintf("%03d: %s, %s", n, f.Rule, row(f.Key)),
		Note: strings.Join(sentences(f), " "), Table: lossTable(name, f),
	}
	if figure, ok := r.history(name, f); ok {
		g.Figures = append(g.Figures, figure)
	}
	if figure, ok := r.chain(name, f); ok {
		g.Figures = append(g.Figures, figure)
	}
	return g
}

// sentences describes a finding in words.
func sentences(f *rundir.Finding) []string {
	s := []string{fmt.Sprintf("Rule %s is broken: %s.", f.Rule, strings.TrimSuffix(f.Detail, "."))}
	if f.Before != "" {
		s = append(s, fmt.Sprintf("The crash came before: %s.", f.Before))
	}
	if f.Depth > 1 {
		s = append(s, fmt.Sprintf("It takes %d crashes, one in the recovery from another.", f.Depth))
	}
	if f.Weakest != "" {
		s = append(s, fmt.Sprintf("The weakest profile that shows it is %s.", f.Weakest))
	}
	if f.Shrunk {
		s = append(s, "Its program is the least that was found to show it.")
	}
	if n := len(f.Acked); n > 0 {
		s = append(s, fmt.Sprintf("%s had been acknowledged, the last %q after %.1f ms.", human.Count(n, "write"), f.Acked[n-1].ID, f.Acked[n-1].Seconds*1e3))
	}
	if f.Weakest == explore.LyingDisk {
		s = append(s, "That is loss by a disk that lies, no bug of the engine.")
	}
	return append(s, fmt.Sprintf("Show it again: %s", f.Command))
}

// lossTable lists what was lost and which code had written it. It is nil if nothing was
// lost.
func lossTable(id string, f *rundir.Finding) *page.Table {
	if len(f.Lost) == 0 {
		return nil
	}
	t := &page.Table{
		ID: id + "-lost", Caption: "What the crash took, and the call that lacked its barrier",
		Head: []page.Column{{Name: "lost"}, {Name: "made by"}, {Name: "called from, innermost first"}},
	}
	for _, l := range f.Lost {
		t.Rows = append(t.Rows, []page.Cell{page.Head(l.What), page.Text(l.Operation), page.Text(strings.Join(l.Stack, " < "))})
	}
	return t
}

// fileTable lists what happened to each file, over all findings that can tell.
func (r *run) fileTable() page.Table {
	t := page.Table{
		ID: "files", Caption: "Bytes of each file: as the program saw it, as synced, as the crash left it",
		Head: []page.Column{{Name: "finding"}, {Name: "file"}, {Name: "written"}, {Name: "synced"}, {Name: "left"}, {Name: "other than written from"}},
	}
	bytes := func(n int64) page.Cell {
		if n < 0 {
			return page.Text("")
		}
		return page.Text(count(n))
	}
	for i := range r.findings {
		for _, f := range r.findings[i].Files {
			t.Rows = append(t.Rows, []page.Cell{page.Head(fmt.Sprintf("%03d", i+1)), page.Text(f.Name), bytes(f.Written), bytes(f.Synced), bytes(f.Left), bytes(f.Differs)})
		}
	}
	return t
}

// damageTable counts checksum failures and other damage by file.
func (r *run) damageTable() page.Table {
	t := page.Table{
		ID: "damage", Caption: "Damaged files in the states of findings",
		Head: []page.Column{{Name: "file"}, {Name: "finding", Numeric: true}, {Name: "place"}, {Name: "bytes", Numeric: true}, {Name: "damage"}},
	}
	for i, f := range r.findings {
		if f.Chain == nil {
			continue
		}
		for _, l := range f.Chain.Links {
			if l.Damage != "" {
				t.Rows = append(t.Rows, []page.Cell{
					page.Head(l.File), page.Int(int64(i + 1)), page.Text(l.Place), page.Number(float64(l.Bytes), chart.UnitBytes), page.Text(l.Damage),
				})
			}
		}
		for _, d := range f.Chain.Unlinked() {
			t.Rows = append(t.Rows, []page.Cell{page.Head("store"), page.Int(int64(i + 1)), page.Text(""), {}, page.Text(d)})
		}
	}
	return t
}

// findingTitle returns the title of a figure of a finding.
func findingTitle(f *rundir.Finding, what string) string {
	return fmt.Sprintf("%s of a finding: %s, %s", what, f.Rule, cmp.Or(f.Bug, f.Engine))
}
