package vm

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/oracle"
	"lsmlab/powerfail/vm/wire"
)

// recording holds all operations on a disk during a whole run of the worker.
type recording struct {
	log       *blocklog.Log
	from, end int64 // positions: the file system was made, the worker ended
	history   *oracle.History
}

// record runs the worker on a disk served by this process. QEMU logs it too, into
// qemuLog, unless that is nil.
func (x *experiment) record(qemuLog *os.File) (*recording, error) {
	empty, err := x.lab.newDisk(x.ctx, x.fs)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	recorder := blocklog.NewRecorder(&text, empty.Size())
	rec := &recording{from: recordImage(recorder, empty)}
	disk := newNBDSource(recordedDisk{newMemoryDisk(empty), recorder})
	m, err := x.boot(drive{Source: disk, Log: qemuLog})
	if err != nil {
		return nil, err
	}
	r := newRecorder(x.workload.Program, func(event string) (int64, error) { return recorder.Mark(event), nil })
	err = x.finish(m, r, dataDevice)
	rec.end = recorder.Mark("end")
	if err == nil { // so that nothing is under way when the two logs end
		_, err = m.do(wire.Request{Unmount: mountDir})
	}
	m.kill()
	if err = errors.Join(err, disk.wait(), recorder.Close()); err != nil {
		return nil, err
	}
	rec.history = r.history(asRecorded)
	rec.log, err = blocklog.Decode(text.Bytes())
	return rec, err
}

// diskLog records a run, and judges states that are chosen at random positions.
func diskLog(x *experiment) (*Outcome, error) {
	r, err := x.record(nil)
	if err != nil {
		return nil, err
	}
	return x.exploreSome(r)
}

// twoLogs is diskLog with a second record of the same disk, made by QEMU. Both must have the
// same writes.
func twoLogs(x *experiment) (*Outcome, error) {
	qemuLog, err := memoryFile()
	if err != nil {
		return nil, err
	}
	defer release(qemuLog)
	if err := qemuLog.Truncate(logSize); err != nil {
		return nil, err
	}
	r, err := x.record(qemuLog)
	if err != nil {
		return nil, err
	}
	entries, err := readLogWrites(qemuLog)
	if err == nil {
		err = crossCheck(r.log, r.from, entries)
	}
	if err != nil {
		return nil, err
	}
	return x.exploreSome(r)
}

func (x *experiment) exploreSome(r *recording) (*Outcome, error) {
	rng := rand.New(rand.NewPCG(x.workload.Seed, 0))
	return x.explore(r.log, r.from, r.history, someStates(rng, r.from, r.end, x.workload.States))
}

// walHeader records a run, and judges states in which the writes that hold a WAL
// segment's header are lost, torn at each sector, or whole, with all or nothing
// of what else is pending.
func walHeader(x *experiment) (*Outcome, error) {
	if x.workload.LogHeader == nil {
		return nil, fmt.Errorf("%w: nothing says how a segment of the engine's log begins", ErrNotApplicable)
	}
	r, err := x.record(nil)
	if err != nil {
		return nil, err
	}
	var states []state
	for i, op := range r.log.Ops {
		if op.Issued > r.from && op.Issued <= r.end && holdsHeader(op, x.workload.LogHeader) {
			states = append(states, headerStates(i, op)...)
		}
	}
	if len(states) == 0 {
		return nil, fmt.Errorf("%w: no write held the header of a WAL segment as the lsm engines have it", ErrNotApplicable)
	}
	if limit := x.workload.States; len(states) > limit {
		rng := rand.New(rand.NewPCG(x.workload.Seed, 1))
		rng.Shuffle(len(states), func(i, j int) { states[i], states[j] = states[j], states[i] })
		states = states[:limit]
	}
	return x.explore(r.log, r.from, r.history, states)
}

// holdsHeader says whether a file begins, as is decides, at one of the places in a write at
// which a file may start.
func holdsHeader(op blocklog.Op, is func(start []byte) bool) bool {
	const block = 4096
	for b := (block - op.Offset%block) % block; b < int64(len(op.Data)); b += block {
		if is(op.Data[b:]) {
			return true
		}
	}
	return false
}

// headerStates returns states of cuts right after the write was issued.
func headerStates(number int, op blocklog.Op) []state {
	model := blocklog.Model{Sector: 512}
	var states []state
	for others, keep := range map[string]blocklog.Chooser{"lost": blocklog.KeepNone, "there": blocklog.KeepAll} {
		for _, part := range []string{"lost", "torn", "whole"} {
			choose := func(s blocklog.Site, n int) int {
				switch {
				case s.Op != number || part != "torn" && s.Kind != blocklog.SiteWrite:
					return keep(s, n)
				case part == "lost" || s.Kind == blocklog.SiteTear: // the first sector alone
					return 0
				case part == "torn":
					return min(1, n-1)
				}
				return n - 1
			}
			states = append(states, state{
				op.Issued, model, choose,
				fmt.Sprintf("the write with a WAL header (%d bytes at %d) is %s, the rest of what is pending %s", op.Length, op.Offset, part, others),
			})
		}
	}
	return states
}
