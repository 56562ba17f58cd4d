// Package study draws a study: its question, each claim with the source's figure, ours with
// its interval, the verdict and what limits it, and a chart of every round behind it; and it
// draws a set of studies as one table.
//
// All comes from the directory and from nothing else; verdicts are computed again from the
// cells.
package study

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/stat"
	"lsmlab/harness/study"
	"lsmlab/reports/chart"
	"lsmlab/reports/page"
)

// Is says whether dir holds a study.
func Is(dir string) bool { return has(dir, study.FileName) }

// IsSet says whether dir holds a set of studies.
func IsSet(dir string) bool { return has(dir, study.SetName) }

func has(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// Below returns the directories whose pages stand under that of a study or of a set: those
// of its parts, or of its studies, that can be drawn.
func Below(dir string) (dirs []string) {
	pattern := filepath.Join(dir, study.PartsName, "*", "env.json")
	if IsSet(dir) {
		pattern = filepath.Join(dir, "*", study.PartsName, "*", "env.json")
	}
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil // of a directory whose name is a bad pattern: its pages are left out
	}
	for _, f := range files {
		below := filepath.Dir(f)
		if IsSet(dir) {
			below = filepath.Dir(filepath.Dir(below))
		}
		if !slices.Contains(dirs, below) {
			dirs = append(dirs, below)
		}
	}
	return dirs
}

// Render draws the directory of a study or of a set again and returns the path of
// index.html. Its errors name the file that is missing or damaged; index.html is then what
// it was before.
func Render(dir string) (indexPath string, err error) {
	var p *page.Page
	if IsSet(dir) {
		p, err = setPage(dir)
	} else {
		var r *run
		if r, err = load(dir); err == nil {
			p = r.page()
		}
	}
	if err == nil {
		indexPath, err = p.Write(dir)
	}
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return indexPath, nil
}

// run is a study's directory made ready for drawing.
type run struct {
	study.Study
	dir      string
	parts    map[string]result.Run // those that have begun
	cells    map[string][]result.Cell
	verdicts []study.Verdict
	env      result.Env // of the first part that has begun
}

func load(dir string) (*run, error) {
	s, err := study.Read(dir)
	if err != nil {
		return nil, err
	}
	r := &run{Study: s, dir: dir, parts: map[string]result.Run{}, cells: map[string][]result.Cell{}}
	for _, p := range s.Parts {
		part, err := readPart(p.Dir(dir))
		if err != nil {
			return nil, err
		}
		if part == nil {
			continue
		}
		if len(r.parts) == 0 {
			r.env = part.Env
		}
		r.parts[p.Name], r.cells[p.Name] = *part, part.Cells
	}
	if len(r.parts) == 0 {
		return nil, fmt.Errorf("%s: no part of the study has begun: no page is drawn without its machine, version and command; go on with the study by --resume", dir)
	}
	r.verdicts = study.Evaluate(s, r.cells)
	return r, nil
}

// readPart reads the run of a part; nil if it has not begun.
func readPart(dir string) (*result.Run, error) {
	if !has(dir, "plan.json") || !has(dir, "env.json") {
		return nil, nil
	}
	run, err := result.ReadRun(dir)
	return &run, err
}

func (r *run) page() *page.Page {
	p := &page.Page{
		Title: "Study: " + r.Name, Lead: r.lead(),
		Environment: page.Environment(r.env, r.work()), Raw: r.partsTable(), Provenance: page.Provenance(r.env),
		Downloads: []page.Download{
			{Path: study.FileName, What: "question, claims and plans"},
			{Path: study.VerdictsName, What: "every verdict, one JSON value a line"},
		},
	}
	if r.Limits != "" {
		p.Notes = append(p.Notes, "What limits the study: "+r.Limits)
	}
	var all []page.Complaints
	for _, part := range r.Parts {
		p.Notes = append(p.Notes, r.parts[part.Name].Warnings...)
		for _, c := range r.cells[part.Name] {
			all = append(all, page.ComplaintsOf(part.Name+"/"+c.ID, c.Status, c.Error, c.Warnings))
		}
		if index := filepath.Join(study.PartsName, part.Name, "index.html"); has(r.dir, index) {
			p.Downloads = append(p.Downloads, page.Download{Path: filepath.ToSlash(index), What: "all figures of part " + part.Name})
		}
	}
	p.Warnings = page.WarningKinds(all)
	p.Sections = append(p.Sections, verdictSection(r.judged(), false), r.claimsSection())
	if controls := r.controls(); len(controls) > 0 {
		p.Sections = append(p.Sections, page.Section{
			ID: "controls", Title: "Controls",
			Intro:       "The same contender twice, in the same rounds. What stands between the two is the noise of the method: trust no smaller difference. A control is disturbed if its interval leaves out 1, which one in twenty does by chance.",
			TablesTitle: "Controls", Tables: []page.Table{verdictTable("control-figures", "The same contender twice", controls, false)},
		})
	}
	if besides := r.besides(); len(besides) > 0 {
		p.Sections = append(p.Sections, page.Section{
			ID: "beside", Title: "The source's own machine",
			Intro:       "These figures belong to a machine that the source does not name. They stand beside ours and are not judged.",
			TablesTitle: "Figures", Tables: []page.Table{verdictTable("beside-figures", "Figures of the source's machine beside ours", besides, false)},
		})
	}
	return p
}

func (r *run) judged() []study.Verdict { return r.verdicts[:len(r.Claims)] }

// controls are the verdicts on pairs that do not differ.
func (r *run) controls() []study.Verdict {
	return r.verdicts[len(r.Claims) : len(r.Claims)+len(r.Controls)]
}

// besides are the figures of the source's machine.
func (r *run) besides() []study.Verdict { return r.verdicts[len(r.Claims)+len(r.Controls):] }

func (r *run) lead() string {
	counts := map[string]int{}
	for _, v := range r.judged() {
		counts[v.Verdict]++
	}
	return fmt.Sprintf("%s %s: %s. Size: %s.%s", r.Question, human.UpperFirst(human.Count(len(r.Claims), "claim")), countWords(counts), r.Size, chanceWords(len(r.Claims)))
}

// chanceWords say how many intervals miss the true figure by chance.
func chanceWords(claims int) string {
	if n := stat.Alpha * float64(claims); n >= 0.5 {
		return fmt.Sprintf(" Of %d intervals of 95%% about %.0f miss the true figure by chance.", claims, n)
	}
	return ""
}

// countWords lists verdicts with their numbers, the most frequent first.
func countWords(counts map[string]int) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(a, b)
	})
	var parts []string
	for _, n := range names {
		parts = append(parts, fmt.Sprintf("%d %s", counts[n], n))
	}
	return strings.Join(parts, ", ")
}

func (r *run) work() string {
	var parts []string
	for _, p := range r.Parts {
		parts = append(parts, fmt.Sprintf("%s: %s of %d contenders under %s", p.Name, human.Count(p.Plan.Rounds, "round"), len(p.Plan.Engines), human.Count(len(p.Plan.Workloads), "work")))
	}
	return strings.Join(parts, "; ")
}

const readVerdicts = "Reproduced: our interval holds the source's figure. Same direction: it does not, but lies on the same side of no difference. No difference shown: it holds no difference. Contradicted: it lies on the other side. An order is reproduced if each is shown to be greater than the next; our figure is then the first over the last. Resolution: the least factor between two sides that these rounds could have told apart."

// verdictSection holds the table of claims.
func verdictSection(verdicts []study.Verdict, several bool) page.Section {
	return page.Section{
		ID: "verdicts", Title: "Claims and verdicts", Intro: readVerdicts,
		TablesTitle: "All claims", Tables: []page.Table{verdictTable("verdict", "The source's figure, ours with its interval, the verdict", verdicts, several)},
	}
}

// verdictTable lists verdicts, with a column for the study if they are of several.
func verdictTable(id, caption string, verdicts []study.Verdict, several bool) page.Table {
	t := page.Table{ID: id, Caption: caption}
	if several {
		t.Head = append(t.Head, page.Column{Name: "study"})
	}
	for _, name := range []string{"claim", "what the source says", "source", "ours", "interval", "verdict", "resolution", "rounds", "what it rests on", "what limits it", "where it stands"} {
		t.Head = append(t.Head, page.Column{Name: name, Numeric: name == "ours" || name == "rounds" || name == "resolution"})
	}
	for _, v := range verdicts {
		f := v.Fields()
		row := []page.Cell{
			page.Head(v.ID), page.Text(v.Text), page.Text(f[2]),
			{Text: f[3], Sort: fmt.Sprint(v.Ours)},
			page.Text(f[4]), page.Head(v.Verdict), resolution(v),
			page.Int(int64(v.Rounds)), page.Text(v.Why), page.Text(v.Limits), page.Text(v.Where),
		}
		if several {
			row = append([]page.Cell{page.Head(v.Study)}, row...)
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// resolution returns what the rounds of a verdict could have told apart.
func resolution(v study.Verdict) page.Cell {
	if v.Resolution == 0 {
		return page.Number(math.NaN(), chart.UnitTimes)
	}
	return page.Number(v.Resolution, chart.UnitTimes)
}

// partsTable says what stands behind the study.
func (r *run) partsTable() page.Table {
	t := page.Table{ID: "parts", Caption: "Parts of the study, each a run of its own", Head: []page.Column{
		{Name: "part"}, {Name: "about"}, {Name: "contenders"}, {Name: "works"}, {Name: "cells with figures", Numeric: true}, {Name: "failed", Numeric: true},
	}}
	for _, p := range r.Parts {
		ok, failed := 0, 0
		for _, c := range r.cells[p.Name] {
			if c.OK() {
				ok++
			} else if c.Failed() {
				failed++
			}
		}
		t.Rows = append(t.Rows, []page.Cell{
			page.Head(p.Name), page.Text(p.About), page.Text(strings.Join(p.Plan.Engines, ", ")), page.Text(strings.Join(p.Plan.Workloads, ", ")), page.Int(int64(ok)), page.Int(int64(failed)),
		})
	}
	return t
}

// claimsSection draws what stands behind each claim.
func (r *run) claimsSection() page.Section {
	s := page.Section{ID: "claims", Title: "What stands behind each verdict", Intro: "One chart a claim: what it is about, every round of it." + chart.ReadDots}
	for i, c := range r.Claims {
		v := r.verdicts[i]
		g := page.Group{ID: "claim-" + c.ID, Title: c.ID, Note: c.Text + ". " + sentence(v)}
		f := chart.Figure{Name: "claim-" + c.ID, Title: c.ID, Subtitle: human.Count(v.Rounds, "round"), Footer: page.Provenance(r.env), Finding: sentence(v)}
		panel, sums := r.panel(c)
		g.AddDots(f, sums, panel)
		s.Groups = append(s.Groups, g)
	}
	return s
}

// sentence says what came out.
func sentence(v study.Verdict) string {
	text := human.UpperFirst(v.Verdict)
	if f := v.Fields(); v.Unit != "" && v.Rounds > 0 {
		text += fmt.Sprintf(": the source has %s, here it is %s", f[2], f[3])
		if v.Figure == 0 {
			text = fmt.Sprintf("%s: the first is %s the last", human.UpperFirst(v.Verdict), f[3])
		}
		if v.Confidence > 0 {
			text += ", " + f[4]
		}
	}
	if v.Why != "" {
		text += ": " + v.Why
	}
	return text + "."
}

// logFrom is how many times the least the most is from which an axis is logarithmic.
const logFrom = 30

// panel makes a row for every measure of a claim.
func (r *run) panel(c study.Claim) (chart.DotPanel, []stat.Summary) {
	d := chart.DotPanel{Ref: math.NaN()}
	var sums []stat.Summary
	names := c.Names()
	looks := chart.LooksOf(names, func(name string) bool { contender, _, _ := strings.Cut(name, " "); return r.isOwn(contender) })
	least, most := math.Inf(1), 0.0
	for i, m := range c.Measures() {
		d.Unit, d.Label = unitOf(m)
		sum := study.Summarize(m, r.cells)
		sums = append(sums, sum)
		d.Rows = append(d.Rows, chart.SumRow(looks[names[i]], sum))
		if sum.N() > 0 {
			least, most = min(least, sum.Min), max(most, sum.Max)
		}
	}
	d.Log = least > 0 && most > logFrom*least
	return d, sums
}

func (r *run) isOwn(contender string) bool {
	for _, part := range r.parts {
		if slices.ContainsFunc(part.Env.Engines, func(e result.EngineInfo) bool { return e.Name == contender }) {
			return part.Env.IsOwn(contender)
		}
	}
	return false
}

// unitOf returns how a measure is drawn.
func unitOf(m study.Measure) (chart.Unit, string) {
	name := m.Figure
	if name == "" {
		name = "ops_per_sec"
	}
	unit, label := chart.UnitPlain, strings.ReplaceAll(name, "_", " ")
	switch {
	case m.Per != nil:
		return chart.UnitTimes, label + ", each round over " + m.Per.String()[len(m.Per.Contender)+1:]
	case strings.HasSuffix(name, "_per_sec"):
		unit = chart.UnitCount
	case strings.HasSuffix(name, "_ns") || strings.HasPrefix(name, "ns_") || strings.HasPrefix(name, "cpu_ns"):
		unit = chart.UnitNanos
	case strings.Contains(name, "bytes"):
		unit = chart.UnitBytes
	case strings.HasSuffix(name, "_amp"):
		unit = chart.UnitTimes
	}
	if m.Less != nil {
		label += " less that of " + m.Less.String()
	}
	return unit, label
}

// setPage lays out a set of studies. Studies that have not begun are named.
func setPage(dir string) (*page.Page, error) {
	set, err := study.ReadSet(dir)
	if err != nil {
		return nil, err
	}
	var judged, controls, besides []study.Verdict
	var runs []*run
	p := &page.Page{Title: "Studies", Missing: page.List{Title: "studies have not begun; go on by --resume"}}
	for _, name := range set.Studies {
		folder := filepath.Join(dir, name)
		r, err := load(folder)
		if err != nil {
			if !Is(folder) || errors.Is(err, os.ErrNotExist) {
				p.Missing.Items = append(p.Missing.Items, name)
				continue
			}
			return nil, err
		}
		runs = append(runs, r)
		judged, controls, besides = append(judged, r.judged()...), append(controls, r.controls()...), append(besides, r.besides()...)
		p.Downloads = append(p.Downloads, page.Download{Path: name + "/index.html", What: r.Question})
		if r.Limits != "" {
			p.Notes = append(p.Notes, name+": "+r.Limits)
		}
	}
	if len(runs) == 0 {
		return nil, fmt.Errorf("%s: no study has begun: go on by --resume", dir)
	}
	p.Missing.Title = fmt.Sprintf("%d %s", len(p.Missing.Items), p.Missing.Title)
	counts := map[string]int{}
	for _, v := range judged {
		counts[v.Verdict]++
	}
	env := runs[0].env
	p.Lead = fmt.Sprintf("%d studies with %s of the source, size %s: %s.%s", len(runs), human.Count(len(judged), "claim"), set.Size, countWords(counts), chanceWords(len(judged)))
	p.Sections = []page.Section{verdictSection(judged, true)}
	p.Sections[0].Tables = append(p.Sections[0].Tables, verdictTable("control-figures", "Controls: the same contender twice, which do not differ", controls, true))
	p.Environment, p.Provenance = page.Environment(env, "studies "+strings.Join(set.Studies, ", ")), page.Provenance(env)
	p.Raw = verdictTable("beside-figures", "Figures of the source's machine, which are not judged", besides, true)
	return p, nil
}
