package campaign

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/rundir"
)

// toy is a tier of three units, which count a state each. The second has a finding.
type toy struct {
	cell  rundir.Cell
	steps []int // done, not recalled
}

func (toy) key() rundir.Key {
	return rundir.Key{Engine: "toy", FileSystem: "model", Profile: "drop-all"}
}

// run does the units; during names what happens in one of them.
func (y *toy) run(ctx context.Context, r *Run, during func(unit int) error) error {
	y.cell = rundir.Cell{Key: y.key()}
	sum := 0
	for i := 1; i <= 3 && ctx.Err() == nil; i++ {
		err := r.Do(ctx, fmt.Sprint("unit ", i), Memory{Cells: []*rundir.Cell{&y.cell}, State: &sum}, func() error {
			y.steps = append(y.steps, i)
			sum += i
			y.cell.Add(&explore.Counts{Explored: 2, Distinct: int64(sum)})
			if i == 2 {
				explore.Count(&y.cell.Violations, "lost", 1)
				if err := r.Report(rundir.Finding{Tier: "sim", Key: y.key(), Rule: "lost", Detail: "no a"}); err != nil {
					return err
				}
			}
			return during(i)
		})
		if err != nil {
			return err
		}
	}
	return r.Add(y.cell)
}

func nothing(int) error { return nil }

func begin(t *testing.T, dir string) (*Run, *lines) {
	t.Helper()
	r, err := Begin(dir, rundir.Run{Tier: "sim", Seed: 7, Versions: map[string]string{"go": "1"}}, rundir.Plan{Tier: "sim", Seed: 7}, true)
	if err != nil {
		t.Fatal(err)
	}
	said := &lines{}
	r.Progress = said
	return r, said
}

func ended(t *testing.T, r *Run, stopped bool) (cells []rundir.Cell, findings []rundir.Finding) {
	t.Helper()
	if err := errors.Join(r.End(stopped), r.Close()); err != nil {
		t.Fatal(err)
	}
	_, cells, findings, err := rundir.Read(r.Dir.Path())
	if err != nil {
		t.Fatal(err)
	}
	return cells, findings
}

// However a unit ends early (Ctrl-C, a failure, an error, no time for anything), the run
// keeps what there is, and a run that goes on does that unit again and no other, and has
// the counts and findings of one that nothing stopped.
func TestUnitsGoOn(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		during  error
		cancels bool
		again   []int // units done by the run that goes on
		kept    int   // states in cells.jsonl before it
	}{
		"Ctrl-C":  {nil, true, []int{2, 3}, 4},
		"failure": {fmt.Errorf("boot: %w", ErrFailed), false, []int{2}, 10},
		"error":   {broken, false, []int{2, 3}, 4},
	} {
		dir := filepath.Join(t.TempDir(), "run")
		ctx, cancel := context.WithCancel(t.Context())
		r, _ := begin(t, dir)
		var y toy
		err := y.run(ctx, r, func(unit int) error {
			if unit != 2 {
				return nil
			}
			if c.cancels {
				cancel()
			}
			return c.during
		})
		cancel()
		if errors.Is(err, broken) != (c.during == broken) {
			t.Errorf("%s: %v", name, err)
		}
		if cells, findings := ended(t, r, true); len(cells) != 1 || cells[0].Distinct != int64(c.kept) || len(findings) != 1 {
			t.Errorf("%s: kept %+v, %d findings", name, cells, len(findings))
		}
		y = toy{}
		r, _ = begin(t, dir)
		if err := y.run(t.Context(), r, nothing); err != nil {
			t.Fatal(err)
		}
		cells, findings := ended(t, r, false)
		if !slices.Equal(y.steps, c.again) || len(cells) != 1 || cells[0].Distinct != 1+3+6 || len(findings) != 1 || r.Found != 1 {
			t.Errorf("%s: did %v, %+v, %d findings, %d found", name, y.steps, cells, len(findings), r.Found)
		}
	}
}

// A finding of a unit that was cut stays a finding if the unit does not show it again.
func TestCutFindingStays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r, _ := begin(t, dir)
	key := toy{}.key()
	if err := r.Do(t.Context(), "unit", Memory{}, func() error {
		return errors.Join(r.Report(rundir.Finding{Tier: "sim", Key: key, Rule: "torn", Detail: "half"}), errors.New("killed"))
	}); err == nil {
		t.Fatal("no error")
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // also of a run that had ended
		r, said := begin(t, dir)
		cell := rundir.Cell{Key: key}
		if err := r.Do(t.Context(), "unit", Memory{Cells: []*rundir.Cell{&cell}}, func() error {
			cell.Distinct, cell.Explored = 5, 5
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		cells, findings := ended(t, r, false)
		if len(findings) != 1 || r.Found != 1 || len(cells) != 1 || cells[0].Violations["torn"] != 1 || cells[0].Distinct != 5 {
			t.Errorf("%+v, %+v, %d found", cells, findings, r.Found)
		}
		if !strings.Contains(said.String(), "did not show again") || !strings.HasSuffix(findings[0].Command, filepath.Join(dir, "findings", "001-torn")) {
			t.Errorf("%s\n%s", said, findings[0].Command)
		}
	}
}

// A run that goes on keeps when and with what it was begun, and says what differs.
func TestGoesOnElsewhere(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	r, _ := begin(t, dir)
	ended(t, r, true)
	r, err := Begin(dir, rundir.Run{Tier: "sim", Seed: 7, Versions: map[string]string{"go": "2"}}, rundir.Plan{Tier: "sim", Seed: 7}, true)
	if err != nil || len(r.Notes) != 1 || !strings.Contains(r.Notes[0], `go is "2" now, and was "1"`) || r.Info.Versions["go"] != "1" {
		t.Fatal(r, err)
	}
	ended(t, r, false)
}
