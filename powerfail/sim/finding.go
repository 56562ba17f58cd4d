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

// note records an operation with its call stack, so that a finding can name the caller
// that lacks a barrier. It costs about a microsecond; each state that is checked after it
// costs hundreds.
func (r *run) note(op vfs.Op) {
	n := runtime.Callers(4, r.pcs[:]) // from the caller of the file system on
	for uint64(len(r.done)) <= op.Number {
		r.done = append(r.done, nil)
		r.stacks = append(r.stacks, nil)
	}
	r.done[op.Number] = &op
	r.stacks[op.Number] = append([]uintptr(nil), r.pcs[:n]...)
}

// report makes a finding of a broken state, and shrinks it. s is nil if no crash broke the
// rule.
func (r *run) report(broken *oracle.Violation, s *model.State) {
	explore.Count(&r.x.counts.Violations, string(broken.Rule), 1)
	f := &rundir.Finding{Tier: Tier, Rule: broken.Rule, Detail: broken.Detail, Weakest: r.x.s.Profile, Depth: r.depth}
	if r.opened {
		f.History = r.recorder.History()
	}
	f.Cut = oracle.Cut{Position: r.judgement().position}
	r.x.finding = f
	if s == nil {
		return
	}
	f.Cut.Kind = s.CutKind()
	if n := len(r.done); n > 0 {
		f.Before = r.done[n-1].String()
	}
	if !s.ProcessCrash {
		s = r.weakest(f, s)
		r.shrink(f, s)
	}
	if r.opened {
		f.Outcomes = r.judgement().checker.Outcomes(f.Cut)
	}
	f.Choices, f.Lost = s.Choices, r.losses(s)
	state := s.Again(r.disk).Disk
	f.State = func(dir string) error { return export(state, dir) }
}

// breaks says whether the state still breaks the rule of f. If it does, the detail of f
// becomes that of this violation.
func (r *run) breaks(f *rundir.Finding, s *model.State) bool {
	broken := r.check(s)
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
func (r *run) weakest(f *rundir.Finding, found *model.State) *model.State {
	draw := func(k model.Kind) model.State {
		s, by := k.Draw(r.x.rng)
		s.Make(r.disk, by)
		return s
	}
	shows := func(s model.State) bool {
		if !r.breaks(f, &s) {
			return false
		}
		found = &s
		return true
	}
	f.Weakest, _ = model.Weakest(r.disk, r.x.s.Profile, weakestTries, draw, shows)
	return found
}

// shrink restores each loss of s without which the rule of f is broken as well.
func (r *run) shrink(f *rundir.Finding, s *model.State) {
	*s = model.Shrink(r.disk, *s, func(tried model.State) bool { return r.breaks(f, &tried) })
	last := s.Again(r.disk)
	r.breaks(f, &last)
}

// losses describes what the crash took.
func (r *run) losses(s *model.State) (lost []rundir.Loss) {
	s.EachLoss(r.disk, func(site vfs.CrashSite, got, n int) { lost = append(lost, r.loss(site, got, n)) })
	return lost
}

func (r *run) loss(site vfs.CrashSite, got, n int) (loss rundir.Loss) {
	loss.What = model.Outcome(site, got, n)
	if site.Made == 0 {
		loss.Operation = "stores to a mapping"
	} else if site.Made < uint64(len(r.done)) && r.done[site.Made] != nil {
		loss.Operation = r.done[site.Made].String()
		loss.Stack = frames(r.stacks[site.Made])
	}
	return loss
}

// frames returns the calls of the engine in a stack. It leaves out the calls of the file
// system below them, and the calls of whoever opened and used the engine above them.
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
