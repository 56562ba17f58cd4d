package disktier

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"lsmlab/powerfail/campaign"
	"lsmlab/powerfail/disk"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/rundir"
	"lsmlab/powerfail/subject"
)

// killsMost is the greatest number of acknowledgements at which a program is killed.
const killsMost = 50

// Own is a person's own program, and how it is recorded.
type Own struct {
	Program    subject.Program
	Recordings int // each with its own timing; 0: a few
	// Busy says whether a neighbour uses the file system too, in all recordings; nil: in
	// all but the first.
	Busy  *bool
	Kill  bool // also kill the program at acknowledgements, without a power cut
	Fault disk.Fault
}

// own records the program of the user a few times, kills it if the options say so, and
// explores the recordings.
func (t *Tier) own(ctx context.Context, kind disk.FileSystem, s *state) error {
	var recs []*disk.Recording
	for i := 0; i < t.Own.wanted(s.took); i++ {
		rec, err := t.recorded(ctx, s, func(dir string) (*disk.Recording, error) { return t.recordOwn(ctx, kind, s, i, dir) })
		if err != nil {
			return err
		}
		recs = append(recs, rec)
	}
	if !slices.ContainsFunc(recs, (*disk.Recording).Wrote) {
		return campaign.Wrong("workload_cmd", "ended well and wrote nothing, so there is nothing to lose: see that it writes to the directory that it gets as its last argument")
	}
	if !slices.ContainsFunc(recs, func(rec *disk.Recording) bool { return len(rec.Acks) > 0 }) {
		t.run.Line("nothing was acknowledged, so no state can have lost anything: print \"ack ID\" on a line of its own once something must survive")
	}
	if t.Own.Kill {
		if err := t.kill(ctx, s, recs[0]); err != nil {
			return err
		}
	}
	return t.explore(ctx, recs, s, t.States, t.Shard)
}

// The number of recordings, unless --recordings gives it. There are two, one alone and one
// beside a neighbour. A program that ends soon gets more of them, since it is chance what
// the neighbour makes durable.
const (
	ownRecordings      = 2
	ownQuickRecordings = 12
	ownQuick           = 5 * time.Second // for those before
)

// wanted returns the number of recordings to make, given how long those so far took.
func (o *Own) wanted(took time.Duration) int {
	switch {
	case o.Recordings > 0:
		return o.Recordings
	case took < ownQuick:
		return ownQuickRecordings
	}
	return ownRecordings
}

// recordOwn makes recording number i of the program.
func (t *Tier) recordOwn(ctx context.Context, kind disk.FileSystem, s *state, i int, dir string) (*disk.Recording, error) {
	own := &t.Own
	rec := &disk.Recording{Workload: own.Program.Workload, CheckCommand: own.Program.Check, Reopen: own.Program.Reopen, Dir: dir, Busy: i > 0}
	if own.Busy != nil {
		rec.Busy = *own.Busy
	}
	if fault := own.Fault; fault.Kind != "" {
		if fault.Kind != disk.FailSpace {
			fault.N += int64(i)
		}
		rec.Fault = fault.String()
	}
	var run subject.Run
	if _, err := t.record(ctx, kind, rec, disk.Own(rec.Own(), &run)); err != nil {
		return nil, err
	}
	rec.Acks = run.Acks
	if err := rec.Save(); err != nil {
		return nil, err
	}
	t.run.Line("recording %d: %d acknowledged in %.2f s, %d writes of the disk%s%s", i+1, len(run.Acks), run.Seconds, len(rec.Log.Ops),
		map[bool]string{true: ", a busy neighbour"}[rec.Busy], map[bool]string{true: ", fault " + rec.Fault}[rec.Fault != ""])
	return rec, t.died(s, rec, &run)
}

// died judges how a workload ended.
func (t *Tier) died(s *state, rec *disk.Recording, run *subject.Run) error {
	switch {
	case run.Failed == nil:
		return nil
	case run.Wrong(rec.Fault != "") == nil:
		t.run.Line("  the workload ended by the fault, as it may: %s", run.Failed.Headline())
		return nil
	case len(run.Acks) == 0 && !rec.Wrote():
		return campaign.Wrong("workload_cmd", "ended before it wrote or acknowledged anything: %s\n%s", run.Failed.How, run.Failed.Output)
	}
	broken := &oracle.Violation{Rule: disk.RuleWorkload, Detail: run.Failed.Headline()}
	if !s.causes.Keep(disk.Cause(broken)) { // it does not count towards --findings: what was recorded up to there is explored
		return nil
	}
	f := rundir.Finding{Rule: broken.Rule, Detail: broken.Detail, Output: run.Failed.Output}
	f.Lost = []rundir.Loss{{What: "nothing: the workload ended by itself, and no power was cut"}}
	return t.keepOwn(s, s.cells[0].Key, rec, f, disk.Scenario{})
}

// keepOwn reports a finding without a crash state, together with what is needed to run the
// program again.
func (t *Tier) keepOwn(s *state, key rundir.Key, rec *disk.Recording, f rundir.Finding, again disk.Scenario) (err error) {
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
	return t.run.Report(f)
}

// kill kills the program at acknowledgements, and has the remaining files checked.
func (t *Tier) kill(ctx context.Context, s *state, rec *disk.Recording) error {
	cell := &rundir.Cell{Key: s.cells[0].Key}
	cell.Profile, cell.FileSystem = campaign.ProfileKill, "this machine's"
	s.cells = append([]*rundir.Cell{cell}, s.cells...)
	defer func() { s.cells = s.cells[1:] }()
	err := t.do(ctx, s, "kill", func() error { return t.killEach(ctx, s, rec, cell) })
	return errors.Join(err, t.run.Add(*cell))
}

// killEach kills the program at each acknowledgement, or at many of them, until there is
// a finding.
func (t *Tier) killEach(ctx context.Context, s *state, rec *disk.Recording, cell *rundir.Cell) error {
	start, acks := time.Now(), len(rec.Acks)
	defer func() { cell.Seconds = time.Since(start).Seconds() }()
	own := rec.Own()
	cell.Programs = 1
	for k := range min(acks, killsMost) {
		n := 1 + k*acks/min(acks, killsMost)
		run, failed, err := killed(ctx, t.stage, own, n)
		if err != nil {
			return err
		}
		if !run.Killed {
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
		f := rundir.Finding{Rule: broken.Rule, Detail: broken.Detail, Output: failed.Output, Acked: acked(run.Acks)}
		f.Lost = []rundir.Loss{{What: fmt.Sprintf("what the process held in memory: it was killed at acknowledgement %d, and no power was cut", n)}}
		if err := t.keepOwn(s, cell.Key, rec, f, disk.Scenario{KillAt: n}); err != nil {
			return err
		}
		break
	}
	return nil
}

// killed kills the program at acknowledgement n on a new directory of the stage.
func killed(ctx context.Context, stage *disk.Stage, own subject.Program, n int) (*subject.Run, *subject.Failure, error) {
	dir, err := os.MkdirTemp(stage.Dir, "kill-")
	if err != nil {
		return nil, nil, err
	}
	run, failed, err := own.KillAt(ctx, dir, n)
	if err == nil {
		err = os.RemoveAll(dir)
	}
	return run, failed, err
}

func acked(acks []subject.Ack) (all []rundir.Acked) {
	for _, a := range acks {
		all = append(all, rundir.Acked(a))
	}
	return all
}

// ownText returns the text that a finding has in place of a generated program.
func ownText(rec *disk.Recording) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# workload: %s\n# check: %s\n", rec.Workload, rec.CheckCommand)
	if rec.Reopen != "" {
		fmt.Fprintf(&b, "# reopen: %s\n", rec.Reopen)
	}
	return b.String()
}

// seen returns an error if no state was judged, so that there is no verdict.
func (t *Tier) seen() error {
	for _, c := range t.run.Cells {
		if c.Distinct > 0 || len(c.Violations) > 0 {
			return nil
		}
	}
	if t.run.Found > 0 {
		return nil
	}
	return errors.New("no crash state was checked, so there is no verdict: the workload wrote nothing, or the part of this shard has none; see that it writes to the directory that it gets as its last argument")
}
