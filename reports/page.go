package reports

import (
	"bytes"
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"os"
	"path/filepath"
	"strings"
)

// page is what the template draws.
type page struct {
	Title       string
	Lead        string
	Verdicts    []sectionVerdict
	Missing     []string
	Notes       []string
	Warnings    []warningKind
	Environment []fact
	Engines     table
	Sections    []pageSection
	Cells       table
	Downloads   []download
	Provenance  string
	Style       template.CSS
	Script      template.JS
}

type sectionVerdict struct {
	Setting string
	Lines   []verdictLine
}

type verdictLine struct{ Workload, Text string }

type pageSection struct {
	ID, Title, Intro string
	Groups           []pageGroup
	Tables           []table
}

type pageGroup struct {
	ID, Title, Note string
	Figures         []pageFigure
	Table           *table
}

type pageFigure struct {
	figure   figure
	Title    string
	SVG      template.HTML
	Finding  string
	Caption  string
	SVGPath  string
	PNGPath  string
	Subtitle string
}

type download struct{ Path, What string }

var (
	//go:embed page/page.html
	pageTemplate string
	//go:embed page/style.css
	pageStyle string
	//go:embed page/script.js
	pageScript string
)

// page draws nothing yet: it lays out what there is.
func (r *run) page() (*page, error) {
	p := &page{
		Title: r.title(), Lead: r.lead(), Missing: r.missing, Notes: append(append([]string{}, r.Run.Warnings...), r.notes...),
		Warnings: r.cellWarnings(), Environment: r.environment(), Engines: r.enginesTable(), Cells: r.cellsTable(),
		Downloads: r.downloads(), Provenance: r.provenance(), Style: template.CSS(pageStyle), Script: template.JS(pageScript),
	}
	for _, sections := range r.scalings() {
		g := r.scalingGroup(sections)
		s := sections[0]
		p.Sections = append(p.Sections, pageSection{
			ID: g.id + "-section", Title: scalingTitle(s), Intro: r.sectionIntro(s), Groups: pageGroups([]figureGroup{g}),
		})
	}
	for _, s := range r.sections {
		v := sectionVerdict{Setting: upperFirst(s.String())}
		for _, w := range s.workloads {
			v.Lines = append(v.Lines, verdictLine{w, s.verdict(w, r.baseline)})
		}
		p.Verdicts = append(p.Verdicts, v)
		groups, err := r.figures(s)
		if err != nil {
			return nil, err
		}
		p.Sections = append(p.Sections, pageSection{
			ID: s.slug(), Title: upperFirst(s.String()), Intro: r.sectionIntro(s),
			Groups: pageGroups(groups), Tables: r.sectionTables(s),
		})
	}
	return p, nil
}

func (r *run) title() string {
	what := "Race of storage engines"
	if r.Plan.MemTables {
		what = "Race of MemTables"
	}
	if r.Plan.Name != "" {
		what += ": plan " + r.Plan.Name
	}
	return what
}

func scalingTitle(s *section) string {
	if s.bare {
		return "Scaling over goroutines"
	}
	return fmt.Sprintf("Scaling over threads: %s, %s", s.durability, s.loopWords())
}

func (r *run) sectionIntro(s *section) string {
	if r.Plan.MemTables {
		return "Bare structures: no log, no files, no durability."
	}
	text := upperFirst(s.durability) + ": " + cmp.Or(durabilityWords[s.durability], "a rung that this version does not know") + "."
	if s.open() {
		return text + " Operations were started by the clock, so latency counts queueing."
	}
	return text + " Each thread starts its next operation when the one before has ended: this is peak throughput, and latency hides queueing."
}

func pageGroups(groups []figureGroup) (out []pageGroup) {
	for _, g := range groups {
		pg := pageGroup{ID: g.id, Title: g.title, Note: g.note, Table: g.table}
		for _, f := range g.figures {
			pg.Figures = append(pg.Figures, pageFigure{
				figure: f, Title: f.title, Finding: f.finding, Caption: f.caption,
				SVGPath: chartDir + "/" + f.name + ".svg", PNGPath: chartDir + "/" + f.name + ".png",
			})
		}
		out = append(out, pg)
	}
	return out
}

// embed keeps the SVG without its XML header, which HTML does not have.
func (f *pageFigure) embed(svg []byte) {
	f.SVG = template.HTML(svg[bytes.Index(svg, []byte("<svg")):])
}

// downloads are the raw results that are there.
func (r *run) downloads() (out []download) {
	for _, d := range []download{
		{"cells.jsonl", "every cell, one JSON value a line"},
		{"bench.txt", "the same in Go benchmark format, for benchstat"},
		{"plan.json", "what was asked for"},
		{"env.json", "where it ran"},
	} {
		if _, err := os.Stat(filepath.Join(r.Dir, d.Path)); err == nil {
			out = append(out, d)
		}
	}
	return out
}

func (p *page) render() ([]byte, error) {
	t, err := template.New("page").Parse(pageTemplate)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("index.html: %w", err)
	}
	return []byte(strings.TrimSpace(b.String()) + "\n"), nil
}
