// Package verdict draws one page for a decision between engines: a table of what races, crash
// tests and probes of isolation say of each engine, in which every answer is a link to the
// page of the run that it comes from; and the same table for programs, verdict.json.
//
// All comes from the files of the runs and from nothing else. A figure that the rounds cannot
// tell from that of the baseline is called not resolved, and what was not measured says why.
package verdict

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lsmlab/harness/journal"
	"lsmlab/harness/verdict"
	"lsmlab/reports/page"
)

// Is says whether dir holds a verdict.
func Is(dir string) bool { return has(dir, verdict.PlanName) }

func has(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

// begun says whether a part has what its page is drawn from.
func begun(p verdict.Part, dir string) bool {
	file := "run.json"
	if p.Kind == verdict.Race {
		file = "env.json"
	}
	return has(p.Path(dir), file)
}

// Below returns the directories of the parts that belong to the verdict and have begun: their
// pages stand under its own.
func Below(dir string) (dirs []string, err error) {
	plan, err := verdict.ReadPlan(dir)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	for _, p := range plan.Parts {
		if p.Inside() && begun(p, dir) {
			dirs = append(dirs, p.Path(dir))
		}
	}
	return dirs, nil
}

// Render draws the directory of a verdict again and returns the path of index.html. Its errors
// name the file that is missing or damaged; index.html is then what it was before.
func Render(dir string) (indexPath string, err error) {
	b, err := load(dir)
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	t := b.table()
	if err = journal.WriteJSON(filepath.Join(dir, verdict.TableName), t); err == nil {
		indexPath, err = b.page(t).Write(dir)
	}
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	return indexPath, nil
}

const howToRead = "An answer is a link to the page of its run. A figure is the median of the rounds; behind it stands its ratio to the baseline, " +
	"which is computed within the rounds, or that the difference is not resolved, with the smallest ratio that these rounds could have shown with a probability of 80%. " +
	"A difference counts if p < 0.05 by Holm's correction for all comparisons of its kind, and if the ratio is at least that resolution. The pages of races of full size show what comes out for one engine against itself. " +
	"Memory is the highest resident set of the process with the harness and its checks, and space is the disk over the live bytes; both are the most over the works. " +
	"A restart opens a store whose process was killed. A sustained rate is the highest at which p99.9 from the intended start holds and compaction debt does not grow, found to a tenth. " +
	"What a power cut may take is a profile: drop-all takes all that was not synced, ext4-ordered what ext4 takes in its usual mode, posix-strict whatever POSIX lets a file system take. " +
	"Of a power cut and of isolation, nothing found is no proof: the states and scripts say how hard it was tried."

func (b *builder) page(t *Table) *page.Page {
	env := b.env
	env.Command = b.plan.Command
	p := &page.Page{
		Title: "Verdict on " + strings.Join(b.plan.Engines, ", "), Lead: b.lead(t),
		Verdicts: []page.Verdicts{{Setting: "By question", Lines: lines(t)}}, Notes: b.notes,
		Missing: page.List{Title: fmt.Sprintf("%d runs are missing", len(b.missing)), Items: b.missing},
		Sections: []page.Section{{
			ID: "decision", Title: "All answers", Intro: howToRead,
			TablesTitle: "Table", Tables: []page.Table{decision(t)},
		}},
		Environment: page.Environment(env, "see the pages of the runs"), Raw: b.parts(),
		Downloads: []page.Download{
			{Path: verdict.TableName, What: "the table for programs, with intervals and p"},
			{Path: verdict.PlanName, What: "the runs that it rests on"},
		},
		Provenance: page.Provenance(env),
	}
	return p
}

func (b *builder) lead(t *Table) string {
	text := fmt.Sprintf("%d engines, %d questions, %d runs.", len(t.Rows), len(t.Columns), len(b.plan.Parts))
	if t.Baseline != "" {
		text += fmt.Sprintf(" Ratios are those to %s.", t.Baseline)
	}
	if b.plan.Size == verdict.Quick {
		text += " The size is quick: it shows that everything works, and which large differences there are. Decide by a run of full size."
	}
	return text
}

// lines say the best answer to every question.
func lines(t *Table) (out []page.Verdict) {
	for _, c := range t.Columns {
		if c.Best != "" {
			out = append(out, page.Verdict{Subject: c.Title, Text: c.Best})
		}
	}
	return out
}

// decision is the table.
func decision(t *Table) page.Table {
	out := page.Table{ID: "verdict", Caption: "What is known of each engine, each answer with a link to its evidence", Head: []page.Column{{Name: "engine"}}}
	for _, c := range t.Columns {
		out.Head = append(out.Head, page.Column{Name: c.Title, Numeric: c.Figure})
	}
	for _, r := range t.Rows {
		row := []page.Cell{page.Head(r.Engine)}
		for i, c := range r.Cells {
			cell := page.Text(c.Text)
			if t.Columns[i].Figure {
				cell.Sort = ""
				if c.NotMeasured == "" {
					cell.Sort = strconv.FormatFloat(c.Value, 'g', 9, 64)
				}
			}
			cell.Link = c.Evidence
			row = append(row, cell)
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// parts lists the runs.
func (b *builder) parts() page.Table {
	t := page.Table{ID: "runs", Caption: "Runs that the table rests on", Head: []page.Column{{Name: "run"}, {Name: "kind"}, {Name: "state"}}}
	for _, p := range b.plan.Parts {
		run, state := page.Head(p.Dir), "was there before"
		run.Link = b.evidence(p)
		if p.Inside() {
			state = "not ended"
			if d, ended := b.done[p.Dir]; ended {
				state = d.Status
				if d.Error != "" {
					state += ": " + d.Error
				}
			}
		}
		t.Rows = append(t.Rows, []page.Cell{run, page.Text(string(p.Kind)), page.Text(state)})
	}
	return t
}
