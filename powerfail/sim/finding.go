package sim

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"lsmlab/engines/vfs"
	"lsmlab/powerfail/explore"
	"lsmlab/powerfail/model"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
)

const maxStack = 24

// note keeps an operation with the calls that led to it, so that a finding can
// name who lacked a barrier. It costs about a microsecond, before states that
// cost hundreds each.
func (l *life) note(op vfs.Op) {
	n := runtime.Callers(4, l.pcs[:]) // from the caller of the file system on
	for uint64(len(l.done)) <= op.Number {
		l.done = append(l.done, nil)
		l.stacks = append(l.stacks, nil)
	}
	l.done[op.Number] = &op
	l.stacks[op.Number] = append([]uintptr(nil), l.pcs[:n]...)
}

// report makes a finding of a broken state, and shrinks it. s is nil if it was
// not broken by a crash.
func (l *life) report(broken *oracle.Violation, s *shot) {
	explore.Count(&l.x.counts.Violations, string(broken.Rule), 1)
	f := &rundir.Finding{Tier: Tier, Rule: broken.Rule, Detail: broken.Detail, Weakest: l.x.s.Profile, Depth: l.depth}
	if l.opened {
		f.History = l.recorder.History()
	}
	f.Cut = oracle.Cut{Position: l.judgement().position}
	l.x.finding = f
	if s == nil {
		return
	}
	f.Cut.Kind = s.CutKind()
	if n := len(l.done); n > 0 {
		f.Before = l.done[n-1].String()
	}
	if !s.ProcessCrash {
		s = l.weakest(f, s)
		l.shrink(f, s)
	}
	if l.opened {
		f.Outcomes = l.judgement().checker.Outcomes(f.Cut)
	}
	f.Choices, f.Lost = s.Choices, l.losses(s)
	state := s.Again(l.disk).Disk
	f.State = func(dir string) error { return export(state, dir) }
}

// breaks says whether the state still breaks the rule of f, and takes over the
// newest words for it.
func (l *life) breaks(f *rundir.Finding, s *shot) bool {
	broken := l.check(s)
	if broken == nil || broken.Rule != f.Rule {
		return false
	}
	f.Detail = broken.Detail
	return true
}

// weakestTries is how many random states of each weaker profile are tried.
const weakestTries = 100

// weakest looks for a state of a weaker profile that breaks the same rule at the
// same operation.
func (l *life) weakest(f *rundir.Finding, found *shot) *shot {
	draw := func(k model.Kind) shot {
		s, by := k.Draw(l.x.rng)
		s.Make(l.disk, by)
		return s
	}
	shows := func(s shot) bool {
		if !l.breaks(f, &s) {
			return false
		}
		found = &s
		return true
	}
	f.Weakest, _ = model.Weakest(l.disk, l.x.s.Profile, weakestTries, draw, shows)
	return found
}

// shrink gives back what need not be lost.
func (l *life) shrink(f *rundir.Finding, s *shot) {
	*s = model.Shrink(l.disk, *s, func(tried shot) bool { return l.breaks(f, &tried) })
	last := s.Again(l.disk)
	l.breaks(f, &last)
}

// losses says in words what the crash took.
func (l *life) losses(s *shot) (lost []rundir.Loss) {
	s.EachLoss(l.disk, func(site vfs.CrashSite, got, n int) { lost = append(lost, l.loss(site, got, n)) })
	return lost
}

func (l *life) loss(site vfs.CrashSite, got, n int) (loss rundir.Loss) {
	loss.What = model.Outcome(site, got, n)
	if site.Made == 0 {
		loss.Operation = "stores to a mapping"
	} else if site.Made < uint64(len(l.done)) && l.done[site.Made] != nil {
		loss.Operation = l.done[site.Made].String()
		loss.Stack = frames(l.stacks[site.Made])
	}
	return loss
}

// frames returns the calls of the engine in a stack: below them are those of the
// file system, above them those of whoever opened and used the engine.
func frames(pcs []uintptr) (calls []string) {
	walk := runtime.CallersFrames(pcs)
	for more := true; more; {
		var frame runtime.Frame
		frame, more = walk.Next()
		below := strings.HasPrefix(frame.Function, "lsmlab/engines/vfs.") || strings.HasPrefix(frame.Function, "lsmlab/powerfail/bugs.")
		above := strings.HasPrefix(frame.Function, "lsmlab/powerfail/") || strings.HasPrefix(frame.Function, "lsmlab/engines.") ||
			strings.HasPrefix(frame.Function, "runtime.")
		switch {
		case below:
		case above && len(calls) > 0:
			return calls
		case !above && frame.Function != "":
			file := frame.File[strings.LastIndexByte(frame.File, '/')+1:]
			calls = append(calls, fmt.Sprintf("%s (%s:%d)", frame.Function, file, frame.Line))
		}
	}
	return calls
}

// export writes the files of a store to a directory of the operating system.
func export(disk *vfs.Mem, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	names, err := disk.List(Dir)
	for _, name := range names {
		f, e := disk.Open(Dir + "/" + name)
		if e != nil {
			return e
		}
		size, e := f.Size()
		data := make([]byte, size)
		if _, readErr := f.ReadAt(data, 0); readErr != io.EOF {
			e = errors.Join(e, readErr)
		}
		err = errors.Join(err, e, f.Close(), os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
	return err
}
