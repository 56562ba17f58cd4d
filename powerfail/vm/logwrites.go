package vm

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"

	"lsmlab/powerfail/blocklog"
	"lsmlab/powerfail/vm/wire"
)

// Numbers of the format of dm-log-writes (drivers/md/dm-log-writes.c of Linux),
// which QEMU's blklogwrites shares. All is little-endian: a super block, then
// entries, each a sector and its data.
const (
	logMagic   = 0x6a736677736872
	logVersion = 1

	entryFlush    = 1 << 0 // flags
	entryFUA      = 1 << 1
	entryDiscard  = 1 << 2
	entryMark     = 1 << 3
	maxLogEntries = 1 << 24
)

// logEntry is one entry of a log.
type logEntry struct {
	flags          uint64
	offset, length int64 // in bytes
	data           []byte
	mark           string
}

// readLogWrites reads a log.
func readLogWrites(f io.ReaderAt) ([]logEntry, error) {
	var super [28]byte
	if _, err := f.ReadAt(super[:], 0); err != nil {
		return nil, fmt.Errorf("write log: %w", err)
	}
	little := binary.LittleEndian
	magic, version := little.Uint64(super[:]), little.Uint64(super[8:])
	count, sector := little.Uint64(super[16:]), int64(little.Uint32(super[24:]))
	if magic != logMagic || version != logVersion || sector < 512 || count > maxLogEntries {
		return nil, fmt.Errorf("write log: magic %x, version %d, %d entries, sectors of %d bytes", magic, version, count, sector)
	}
	var entries []logEntry
	at := sector
	for i := range count {
		e, next, err := readEntry(f, at, sector)
		if err != nil {
			return nil, fmt.Errorf("write log: entry %d of %d: %w", i, count, err)
		}
		entries = append(entries, e)
		at = next
	}
	return entries, nil
}

func readEntry(f io.ReaderAt, at, sector int64) (e logEntry, next int64, err error) {
	head := make([]byte, sector)
	if _, err := f.ReadAt(head, at); err != nil {
		return e, 0, err
	}
	little := binary.LittleEndian
	e.offset, e.length = int64(little.Uint64(head))*sector, int64(little.Uint64(head[8:]))*sector
	e.flags = little.Uint64(head[16:])
	markLength := little.Uint64(head[24:])
	at += sector
	switch {
	case e.flags&entryMark != 0:
		const headSize = 32
		if markLength > uint64(sector-headSize) {
			return e, 0, fmt.Errorf("mark of %d bytes", markLength)
		}
		e.mark = string(head[headSize : headSize+markLength])
		return e, at, nil
	case e.flags&entryDiscard != 0 || e.length == 0:
		return e, at, nil
	}
	const maxLength = 64 << 20
	if e.length > maxLength {
		return e, 0, fmt.Errorf("%d bytes of data", e.length)
	}
	e.data = make([]byte, e.length)
	_, err = f.ReadAt(e.data, at)
	return e, at + e.length, err
}

// replay records the entries in the order of the log. Each one is complete before the next one
// begins.
func replay(r *blocklog.Recorder, entries []logEntry) {
	for _, e := range entries {
		fua := e.flags&entryFUA != 0
		if e.flags&entryFlush != 0 { // comes before the data
			r.Done(r.Flush())
		}
		switch {
		case e.flags&entryMark != 0:
			r.Mark(e.mark)
		case e.flags&entryDiscard != 0:
			r.Done(r.Zero(e.offset, e.length, fua))
		case e.length > 0:
			r.Done(r.Write(e.offset, e.data, fua))
		}
	}
}

// logWrites lets the guest's own kernel record the run, and judges the disk as it
// was at each flush, FUA write and ack.
func logWrites(x *experiment) (*Outcome, error) {
	empty, err := x.lab.newDisk(x.ctx, x.fs)
	if err != nil {
		return nil, err
	}
	data, err := writeImage(empty)
	if err != nil {
		return nil, err
	}
	defer release(data)
	logFile, err := memoryFile()
	if err != nil {
		return nil, err
	}
	defer release(logFile)
	r, err := x.runLogged(data, logFile)
	if err != nil {
		return nil, err
	}
	entries, err := readLogWrites(logFile)
	if err != nil {
		return nil, err
	}
	return x.exploreLogged(empty, entries, r)
}

// runLogged runs the worker over dm-log-writes to its end. Then it removes the device, because the
// log is complete only after that.
func (x *experiment) runLogged(data, logFile *os.File) (*recorder, error) {
	m, err := x.bootWith(drive{Source: fileSource{data}}, logFile)
	if err != nil {
		return nil, err
	}
	defer m.kill()
	dev, err := m.do(wire.Request{Map: &wire.Map{
		Name: mappedName, Sectors: sectors(x.fs), Target: "log-writes", Params: dataDevice + " " + logDevice,
	}})
	if err != nil {
		return nil, err
	}
	count := counting()
	r := newRecorder(x.workload.Program, func(event string) (int64, error) {
		// A message is split at spaces, and a mark is one word.
		if _, err := m.do(wire.Request{Message: &wire.Message{Device: mappedName, Text: "mark " + strings.ReplaceAll(event, " ", "-")}}); err != nil {
			return 0, err
		}
		return count(event)
	})
	if err := x.finish(m, r, dev.Path); err != nil {
		return nil, err
	}
	if _, err := m.do(wire.Request{Unmount: mountDir}); err != nil {
		return nil, err
	}
	_, err = m.do(wire.Request{Unmap: mappedName})
	return r, err
}

// exploreLogged makes positions of the log out of the numbers of events, and
// judges the states.
func (x *experiment) exploreLogged(empty *blocklog.Image, entries []logEntry, r *recorder) (*Outcome, error) {
	var text bytes.Buffer
	recorder := blocklog.NewRecorder(&text, empty.Size())
	from := recordImage(recorder, empty)
	replay(recorder, entries)
	if err := recorder.Close(); err != nil {
		return nil, err
	}
	log, err := blocklog.Decode(text.Bytes())
	if err != nil {
		return nil, err
	}
	marks := log.Marks[1:] // the first is ours, one at the end is the kernel's
	if len(marks) < r.events {
		return nil, fmt.Errorf("the write log holds %d marks of %d", len(marks), r.events)
	}
	history := r.history(func(event int64) int64 { return marks[event-1].Position })
	return x.explore(log, from, history, replayStates(log, from, x.workload.States))
}

// replayStates returns the states of the disk at n flushes, FUA writes and marks, spread evenly. A
// state has everything that was logged before.
func replayStates(log *blocklog.Log, from int64, n int) []state {
	var all []state
	add := func(position int64, what string) {
		if position > from {
			all = append(all, state{position, blocklog.Model{}, blocklog.KeepAll, "all that was logged up to " + what})
		}
	}
	for _, op := range log.Ops {
		if op.Kind == blocklog.Flush || op.FUA {
			add(op.Done, op.String())
		}
	}
	for _, m := range log.Marks {
		add(m.Position, "the mark "+m.Text)
	}
	if len(all) <= n {
		return all
	}
	spread := make([]state, n)
	for i := range spread {
		spread[i] = all[i*len(all)/n]
	}
	return spread
}
