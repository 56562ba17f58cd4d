package verdict

import (
	"fmt"
	"path"

	"lsmlab/harness/result"
	"lsmlab/harness/verdict"
)

// builder makes the table out of the runs.
type builder struct {
	plan      verdict.Plan
	dir       string
	done      map[string]verdict.Done
	env       result.Env // of the first race
	questions []*question
	crashed   map[string]*crashed
	isolated  map[string]Cell
	why       map[verdict.Kind]map[string]string // a part is missing, by kind and engine; "" is every engine
	notes     []string
	missing   []string
}

// load reads all parts. What is damaged is an error; what has not begun is a note.
func load(dir string) (*builder, error) {
	b := &builder{dir: dir, crashed: map[string]*crashed{}, isolated: map[string]Cell{}, why: map[verdict.Kind]map[string]string{
		verdict.Race: {}, verdict.Crash: {}, verdict.Isolation: {},
	}}
	var err error
	if b.plan, err = verdict.ReadPlan(dir); err != nil {
		return nil, err
	}
	if b.done, b.notes, err = verdict.ReadDone(dir); err != nil {
		return nil, err
	}
	for _, p := range b.plan.Parts {
		if err := b.read(p); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// read reads one part.
func (b *builder) read(p verdict.Part) error {
	done, ended := b.done[p.Dir]
	if !begun(p, b.dir) {
		why := "the run has not begun"
		if ended && done.Error != "" {
			why = done.Error
		} else if !p.Inside() {
			return fmt.Errorf("%s: the run is not there any more", p.Path(b.dir))
		}
		b.why[p.Kind][p.Engine] = why
		b.missing = append(b.missing, p.Dir+": "+why)
		return nil
	}
	if p.Inside() && !ended {
		b.notes = append(b.notes, fmt.Sprintf("The run %s has not ended: its figures are those of what was done; --resume goes on.", p.Dir))
	}
	switch p.Kind {
	case verdict.Crash:
		return crashes(b.crashed, p.Path(b.dir), b.evidence(p))
	case verdict.Isolation:
		return isolations(b.isolated, p.Path(b.dir), b.evidence(p))
	}
	return b.race(p)
}

// race reads a race.
func (b *builder) race(p verdict.Part) error {
	run, err := result.ReadRun(p.Path(b.dir))
	if err != nil {
		return err
	}
	if b.env.CPU == "" && b.env.Command == "" {
		b.env = run.Env
	} else {
		for _, d := range b.env.Differences(run.Env) {
			b.notes = append(b.notes, fmt.Sprintf("The run %s is not of the same machine or build as the first: %s.", p.Dir, d))
		}
	}
	b.notes = append(b.notes, run.Warnings...)
	b.questions = append(b.questions, questions(&run, p.Dir, b.evidence(p))...)
	return nil
}

// evidence is the path of the page of a part, relative to the verdict; empty if there is none.
func (b *builder) evidence(p verdict.Part) string {
	if !has(p.Path(b.dir), "index.html") {
		return ""
	}
	return path.Join(p.Dir, "index.html")
}
