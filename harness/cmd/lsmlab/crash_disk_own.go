package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"lsmlab/harness"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// killsMost is how many acknowledgements a program is killed at, at most.
const killsMost = 50

// profileKill stands for the profile in cells of killed programs: nothing that the
// operating system was handed is lost.
const profileKill = "kill"

// own records the program of the user a few times, kills it if told so, and explores
// the recordings.
func (r *diskRun) own(ctx context.Context, kind disk.FileSystem, s *subjectRun) error {
	var recs []*disk.Recording
	for i, start := 0, time.Now(); i < r.diskFlags.own.wanted(time.Since(start)); i++ {
		rec, err := r.recordOwn(ctx, kind, s, i)
		if err != nil {
			return err
		}
		recs = append(recs, rec)
	}
	if !slices.ContainsFunc(recs, (*disk.Recording).Wrote) {
		return &harness.UsageError{Text: "--workload-cmd: it ended well and wrote nothing, so there is nothing to lose: see that it writes to the directory that it gets as its last argument"}
	}
	if !slices.ContainsFunc(recs, func(rec *disk.Recording) bool { return len(rec.Acks) > 0 }) {
		r.progress.Line("nothing was acknowledged, so no state can have lost anything: print \"ack ID\" on a line of its own once something must survive")
	}
	if r.diskFlags.own.kill {
		if err := r.kill(ctx, s, recs[0]); err != nil {
			return err
		}
	}
	return r.explore(ctx, recs, s, r.states, r.shard)
}

// How many recordings there are unless --recordings says so: two, one alone and one
// beside a neighbour, or more of programs that are quick, as what the neighbour makes
// durable is a matter of luck.
const (
	ownRecordings      = 2
	ownQuickRecordings = 12
	ownQuick           = 5 * time.Second // for those before
)

// wanted returns how many recordings are wanted, when those so far took so long.
func (f *ownFlags) wanted(took time.Duration) int {
	switch {
	case f.recordings > 0:
		return f.recordings
	case took < ownQuick:
		return ownQuickRecordings
	}
	return ownRecordings
}

// recordOwn makes recording number i of the program.
func (r *diskRun) recordOwn(ctx context.Context, kind disk.FileSystem, s *subjectRun, i int) (*disk.Recording, error) {
	own := &r.diskFlags.own
	rec := &disk.Recording{Workload: r.workload, CheckCommand: r.checkCmd, Reopen: own.reopen, Dir: r.recordingDir(), Busy: own.busy}
	if !own.busySet {
		rec.Busy = i > 0
	}
	if fault := own.fault; fault.Kind != "" {
		if fault.Kind != disk.FailSpace {
			fault.N += int64(i)
		}
		rec.Fault = fault.String()
	}
	var life subject.Life
	if _, err := r.record(ctx, kind, rec, disk.Own(rec.Own(), &life)); err != nil {
		return nil, err
	}
	rec.Acks = life.Acks
	if err := rec.Save(); err != nil {
		return nil, err
	}
	r.progress.Line("recording %d: %d acknowledged in %.2f s, %d writes of the disk%s%s", i+1, len(life.Acks), life.Seconds, len(rec.Log.Ops),
		map[bool]string{true: ", a busy neighbour"}[rec.Busy], map[bool]string{true: ", fault " + rec.Fault}[rec.Fault != ""])
	return rec, r.died(s, rec, &life)
}

// died judges how a workload ended.
func (r *diskRun) died(s *subjectRun, rec *disk.Recording, life *subject.Life) error {
	switch {
	case life.Failed == nil:
		return nil
	case life.Wrong(rec.Fault != "") == nil:
		r.progress.Line("  the workload ended by the fault, as it may: %s", life.Failed.Headline())
		return nil
	case len(life.Acks) == 0 && !rec.Wrote():
		return &harness.UsageError{Text: fmt.Sprintf("--workload-cmd: it ended before it wrote or acknowledged anything: %s\n%s", life.Failed.How, life.Failed.Output)}
	}
	broken := &oracle.Violation{Rule: disk.RuleWorkload, Detail: life.Failed.Headline()}
	if s.knows(broken) {
		return nil
	}
	s.known = append(s.known, broken) // and what was recorded up to there is explored
	f := rundir.Finding{Rule: broken.Rule, Detail: broken.Detail, Output: life.Failed.Output}
	f.Lost = []rundir.Loss{{What: "nothing: the workload ended by itself, and no power was cut"}}
	return r.keepOwn(s, s.cells[0].Key, rec, f, disk.Scenario{})
}

// keepOwn writes down a finding that is no crash state, with what runs the program
// again.
func (r *diskRun) keepOwn(s *subjectRun, key rundir.Key, rec *disk.Recording, f rundir.Finding, again disk.Scenario) (err error) {
	f.Tier, f.Key, f.Program = disk.Tier, key, ownText(rec)
	f.Depth = 1
	if f.Acked == nil {
		f.Acked = rec.Acked(rec.Log.End)
	}
	again.Workload, again.CheckCommand, again.Reopen = rec.Workload, rec.CheckCommand, rec.Reopen
	again.Busy, again.Fault = rec.Busy, rec.Fault
	if f.Scenario, err = json.Marshal(again); err != nil {
		return err
	}
	for _, c := range s.cells {
		if c.Key == key {
			c.Violations = map[string]int64{string(f.Rule): 1}
		}
	}
	return r.report(r.progress.Line, f)
}

// kill kills the program at acknowledgements, and has what is left checked.
func (r *diskRun) kill(ctx context.Context, s *subjectRun, rec *disk.Recording) error {
	cell := &rundir.Cell{Key: s.cells[0].Key}
	cell.Profile, cell.FileSystem = profileKill, "this machine's"
	s.cells = append([]*rundir.Cell{cell}, s.cells...)
	defer func() { s.cells = s.cells[1:] }()
	start, acks := time.Now(), len(rec.Acks)
	own := rec.Own()
	cell.Programs = 1
	for k := range min(acks, killsMost) {
		n := 1 + k*acks/min(acks, killsMost)
		life, failed, err := killed(ctx, r.stage, own, n)
		if err != nil {
			return err
		}
		if !life.Killed {
			continue // other acknowledgements this time
		}
		cell.Explored, cell.Distinct = cell.Explored+1, cell.Distinct+1
		cell.AtDepth(1, 1)
		if failed == nil {
			continue
		}
		broken := &oracle.Violation{Rule: disk.RuleCheck, Detail: failed.Headline()}
		if s.knows(broken) {
			continue
		}
		s.keep(broken)
		f := rundir.Finding{Rule: broken.Rule, Detail: broken.Detail, Output: failed.Output, Acked: acked(life.Acks)}
		f.Lost = []rundir.Loss{{What: fmt.Sprintf("what the process held in memory: it was killed at acknowledgement %d, and no power was cut", n)}}
		if err := r.keepOwn(s, cell.Key, rec, f, disk.Scenario{KillAt: n}); err != nil {
			return err
		}
		break
	}
	cell.Seconds = time.Since(start).Seconds()
	return r.add(r.progress.Line, *cell)
}

// killed kills the program at acknowledgement n on a new directory of the stage.
func killed(ctx context.Context, stage *disk.Stage, own subject.Program, n int) (*subject.Life, *subject.Failure, error) {
	dir, err := os.MkdirTemp(stage.Dir, "kill-")
	if err != nil {
		return nil, nil, err
	}
	life, failed, err := own.KillAt(ctx, dir, n)
	if err == nil {
		err = os.RemoveAll(dir)
	}
	return life, failed, err
}

func acked(acks []subject.Ack) (all []rundir.Acked) {
	for _, a := range acks {
		all = append(all, rundir.Acked(a))
	}
	return all
}

// ownText is what stands for the program of a finding.
func ownText(rec *disk.Recording) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# workload: %s\n# check: %s\n", rec.Workload, rec.CheckCommand)
	if rec.Reopen != "" {
		fmt.Fprintf(&b, "# reopen: %s\n", rec.Reopen)
	}
	return b.String()
}

// seen returns an error if nothing was judged: there is no verdict then.
func (r *diskRun) seen() error {
	for _, c := range r.cells {
		if c.Distinct > 0 || len(c.Violations) > 0 {
			return nil
		}
	}
	if r.found > 0 {
		return nil
	}
	return &harness.UsageError{Text: "no crash state was checked, so there is no verdict: the workload wrote nothing, or the part of --shard has none; see that it writes to the directory that it gets as its last argument"}
}
