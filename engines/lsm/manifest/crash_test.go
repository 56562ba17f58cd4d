package manifest

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// explorer crashes a store before every operation that mutates it and checks
// that what Load gives is allowed at that point.
type explorer struct {
	t       testing.TB
	m       *vfs.Mem
	allowed []string // what Load may give, see outcome
	nest    bool     // crash the recovery from each state as well
	keeps   []float64
	seed    uint64
	states  int
	wrong   []string
}

func (x *explorer) crash(op vfs.Op) {
	for _, keep := range x.keeps {
		for _, strict := range []bool{false, true} {
			x.seed++
			o := vfs.CrashOptions{
				Strict: strict, Garbage: strict, BlockSize: 512,
				Choose: vfs.Chance(keep, rand.New(rand.NewPCG(x.seed, 0))),
			}
			clone := x.m.CrashClone(o)
			x.judge(clone, fmt.Sprintf("before %s, seed %d, keep %g, strict %v", op, x.seed, keep, strict))
			if x.nest {
				x.recover(clone)
			}
		}
	}
}

func (x *explorer) judge(m *vfs.Mem, when string) {
	x.states++
	got := outcome(m)
	for _, a := range x.allowed {
		if a == got {
			return
		}
	}
	x.wrong = append(x.wrong, fmt.Sprintf("%s: %s", when, got))
}

// recover does what an open does, a new manifest with the version found, with a
// crash before every operation of it: none may change that version.
func (x *explorer) recover(m *vfs.Mem) {
	v, _, err := Load(m, "/db")
	if err != nil {
		return // judged before
	}
	y := &explorer{t: x.t, m: m, keeps: []float64{0.5}, seed: x.seed << 8, allowed: []string{outcome(m)}}
	m.OnOp = y.crash
	l, err := Create(m, "/db", 100, v)
	check(x.t, err)
	check(x.t, l.Close())
	x.states += y.states
	x.wrong = append(x.wrong, y.wrong...)
}

// outcome is what a reader of the store sees: no store, a version, or an error.
func outcome(m *vfs.Mem) string {
	v, _, err := Load(m, "/db")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "no store"
	case err != nil:
		return err.Error()
	}
	return show(v)
}

// run makes a store through fsys, a wrapper of x.m: a manifest, edits, a second
// manifest, one more edit. Each step may be found done or not until it returns.
func (x *explorer) run(fsys vfs.FS) {
	edits := history()
	all := versions(x.t, edits)
	x.m.OnOp = x.crash
	now := "no store"
	step := func(next *Version, do func() error) {
		x.allowed = []string{now, show(next)}
		check(x.t, do())
		now = show(next)
		x.allowed = []string{now}
		x.crash(vfs.Op{Path: "the step after"})
	}
	var l *Log
	create := func(fileNum uint64, base *Version) func() error {
		return func() (err error) { l, err = Create(fsys, "/db", fileNum, base); return err }
	}
	step(all[0], create(1, all[0]))
	for i, e := range edits[:4] {
		step(all[i+1], func() error { return l.Append(e) })
	}
	check(x.t, l.Close())
	step(all[4], create(8, all[4]))
	step(all[5], func() error { return l.Append(edits[4]) })
	check(x.t, l.Close())
}

// TestCrash: at every operation, under every severity, Load gives the version
// before or after the step that the crash met; so it does after a crash of the
// recovery. Errors name the operation and the seed of the state.
func TestCrash(t *testing.T) {
	x := &explorer{t: t, m: newStore(t), nest: true, keeps: []float64{0, 0.3, 0.6, 1}, seed: testseed.New(t)}
	x.run(x.m)
	for _, w := range x.wrong {
		t.Error(w)
	}
	t.Logf("%d states", x.states)
}

// TestCrashTeeth plants bugs that the test above must find, or it proves
// nothing: each barrier in turn does nothing.
func TestCrashTeeth(t *testing.T) {
	dirSyncs := 0
	for name, lies := range map[string]func(vfs.Op) bool{
		"manifest not synced": func(op vfs.Op) bool {
			return op.Kind == vfs.OpSync && strings.Contains(op.Path, namePrefix)
		},
		"edit not synced": func(op vfs.Op) bool { return op.Kind == vfs.OpSyncData },
		"CURRENT not synced": func(op vfs.Op) bool {
			return op.Kind == vfs.OpSync && strings.HasSuffix(op.Path, currentTmpName)
		},
		"directory not synced before the rename": func(op vfs.Op) bool {
			if op.Kind == vfs.OpSyncDir {
				dirSyncs++
			}
			return op.Kind == vfs.OpSyncDir && dirSyncs%2 == 1
		},
		"directory not synced after the rename": func(op vfs.Op) bool {
			if op.Kind == vfs.OpSyncDir {
				dirSyncs++
			}
			return op.Kind == vfs.OpSyncDir && dirSyncs%2 == 0
		},
	} {
		t.Run(name, func(t *testing.T) {
			dirSyncs = 0
			x := &explorer{t: t, m: newStore(t), keeps: slices.Repeat([]float64{0, 0.3, 0.6, 1}, 5)}
			x.run(vfs.NewInject(x.m, func(op vfs.Op) vfs.Fault { return vfs.Fault{Lie: lies(op)} }))
			if len(x.wrong) == 0 {
				t.Errorf("not found in %d states", x.states)
			} else {
				t.Logf("found in %d of %d states, first %s", len(x.wrong), x.states, x.wrong[0])
			}
		})
	}
}
