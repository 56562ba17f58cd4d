package vm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/oracle"
)

// recording is what a whole run of the worker did to a disk.
type recording struct {
	log     *blocklog.Log
	from    int64 // position at which the file system was made
	history *oracle.History
	final   *blocklog.Image
}

// record runs the worker on a disk served by this process. add, if not nil,
// changes the drive.
func (x *experiment) record(add func(*Drive)) (*recording, error) {
	empty, err := x.lab.newDisk(x.ctx, x.fs)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	recorder := blocklog.NewRecorder(&text, empty.Size())
	from := recordImage(recorder, empty)
	disk := newMemoryDisk(empty)
	source := newNBDSource(recordedDisk{disk, recorder})
	drive := Drive{Source: source}
	if add != nil {
		add(&drive)
	}
	m, err := x.boot(drive)
	if err != nil {
		return nil, err
	}
	r := newRecorder(x.workload.Program, func(event string) (int64, error) { return recorder.Mark(event), nil })
	err = x.finish(m, r, dataDevice)
	m.Kill()
	err = errors.Join(err, source.wait(), recorder.Close())
	if err != nil {
		return nil, err
	}
	log, err := blocklog.Decode(text.Bytes())
	return &recording{log, from, r.history(asRecorded), disk.content()}, err
}

// diskLog records a run, and judges states that are chosen at random positions.
func diskLog(x *experiment) (*Outcome, error) {
	r, err := x.record(nil)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(x.workload.Seed, 0))
	return x.explore(r.log, r.from, r.history, someStates(rng, r.from, r.log.End, x.workload.States))
}

// walHeader records a run, and judges states in which the writes that hold a WAL
// segment's header are lost, torn at each sector, or whole, with all or nothing
// of what else is pending.
func walHeader(x *experiment) (*Outcome, error) {
	r, err := x.record(nil)
	if err != nil {
		return nil, err
	}
	var states []state
	for i, op := range r.log.Ops {
		if op.Issued > r.from && holdsWALHeader(op) {
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

// holdsWALHeader looks for the magic of a segment where a file may start.
func holdsWALHeader(op blocklog.Op) bool {
	const block, at, magic = 4096, 8, 0x4c41576c // see package wal
	for b := (block - op.Offset%block) % block; b+at+4 <= int64(len(op.Data)); b += block {
		if binary.LittleEndian.Uint32(op.Data[b+at:]) == magic {
			return true
		}
	}
	return false
}

// headerStates are cuts right after the write was issued.
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
