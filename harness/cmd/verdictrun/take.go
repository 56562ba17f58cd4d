package verdictrun

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"lsmlab/harness"
	"lsmlab/harness/cmd/outdir"
	"lsmlab/harness/human"
	"lsmlab/harness/result"
	"lsmlab/harness/verdict"
	"lsmlab/powerfail/isolation/isorun"
	"lsmlab/powerfail/rundir"
	"lsmlab/reports"
)

// Take makes a verdict from runs that are there, each in its directory. It draws the page of a
// run that has none, and changes nothing else there. The directory of the verdict must be new
// or, to take the same runs again, resumed.
func Take(dirs []string, out outdir.Flags, stdout io.Writer) (err error) {
	if err := out.Choose("verdict"); err != nil {
		return err
	}
	plan := verdict.Plan{Command: "lsmlab verdict"}
	for _, dir := range dirs {
		if err := take(&plan, dir, out.Dir); err != nil {
			return &harness.UsageError{Text: fmt.Sprintf("verdict: %v", err), Err: err}
		}
		plan.Command += " " + human.ShellWord(dir)
	}
	plan.Command += " --out " + human.ShellWord(out.Dir)
	j, err := verdict.Files.Open(out.Dir, out.Dir, plan, out.Resume)
	if err != nil {
		return &harness.UsageError{Text: err.Error(), Err: err}
	}
	defer func() { err = errors.Join(err, j.Close()) }()
	return out.Draw(stdout, nil)
}

// take adds the run in a directory to a plan.
func take(plan *verdict.Plan, dir, out string) error {
	kind, engines, err := look(dir)
	if err == nil && len(engines) == 0 {
		err = fmt.Errorf("%s: the run is of no engine, or has not begun", dir)
	}
	if err != nil {
		return err
	}
	for _, e := range engines {
		if !result.IsAgain(e) && !slices.Contains(plan.Engines, e) {
			plan.Engines = append(plan.Engines, e)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "index.html")); errors.Is(err, os.ErrNotExist) {
		if _, err := reports.Render(dir, reports.Options{}); err != nil {
			return err
		}
	}
	rel, err := relative(out, dir)
	if err != nil {
		return err
	}
	if filepath.IsLocal(rel) {
		return fmt.Errorf("%s is inside %s, the directory of the verdict: give another --out", dir, out)
	}
	plan.Parts = append(plan.Parts, verdict.Part{Kind: kind, Dir: filepath.ToSlash(rel)})
	return nil
}

// relative returns the path of dir from out, which need not exist.
func relative(out, dir string) (string, error) {
	from, err := filepath.Abs(out)
	if err != nil {
		return "", err
	}
	to, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	return filepath.Rel(from, to)
}

// look returns what kind of run is in a directory, and its engines.
func look(dir string) (kind verdict.Kind, engines []string, err error) {
	if _, err := os.Stat(dir); err != nil {
		return "", nil, err
	}
	switch reports.KindOf(dir) {
	case reports.Crash:
		_, cells, _, err := rundir.Read(dir)
		for i := range cells {
			engines = append(engines, cells[i].Engine)
		}
		return verdict.Crash, slices.DeleteFunc(engines, func(e string) bool { return e == "" }), err
	case reports.Isolation:
		_, cells, _, err := isorun.Read(dir)
		for i := range cells {
			engines = append(engines, cells[i].Engine)
		}
		return verdict.Isolation, engines, err
	case reports.Race:
		run, err := result.ReadRun(dir)
		if err == nil && run.Plan.KindName() != "" {
			err = fmt.Errorf("%s: a race of %s: want one of engines", dir, run.Plan.KindName())
		}
		return verdict.Race, run.Plan.Engines, err
	}
	return "", nil, fmt.Errorf("%s: not a run that a verdict is made of: want races of engines (bench), crash tests or probes of isolation; of a study give DIR/parts/NAME", dir)
}
