package blocklog

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"sync"

	"github.com/cespare/xxhash/v2"
)

// Part of the file format; do not change.
const (
	magic         = "lsmlabBL"
	formatVersion = 1

	headerSize       = 32 // bytes
	recordHeaderSize = 12 // bytes: checksum, length

	flagFUA      = 1
	offsetFactor = 0xbf58476d1ce4e5b9
)

// Kinds of record that are no operation. Part of the file format; do not renumber.
const (
	recordDone OpKind = 4
	recordMark OpKind = 5
	recordEnd  OpKind = 6
)

// errClosed is what a closed recorder keeps, so that nothing follows the end.
var errClosed = errors.New("the log is closed")

// Recorder writes a log as it happens. It is safe for concurrent use: the order
// of calls that overlap is the order in which they got its lock.
//
// The first error of the writer stays, and Close returns it: a disk goes on
// without its log rather than fail the workload.
type Recorder struct {
	mu     sync.Mutex
	w      *bufio.Writer
	offset int64 // in the file
	ops    int64
	events int64
	err    error
}

// NewRecorder starts the log of a disk of size bytes, all zero, and writes it
// to w, buffered.
func NewRecorder(w io.Writer, size int64) *Recorder {
	r := &Recorder{w: bufio.NewWriterSize(w, 64<<10)}
	r.emit(appendHeader(nil, size), nil)
	return r
}

// Write records that a write was issued, and returns its number for [Recorder.Done].
// The data is the caller's again when Write returns.
func (r *Recorder) Write(offset int64, data []byte, fua bool) (op int64) {
	return r.issue(appendPlace(nil, Write, offset, fua), data)
}

// Zero records that length bytes were to be made zero, or were discarded.
func (r *Recorder) Zero(offset, length int64, fua bool) (op int64) {
	body := appendPlace(nil, Zero, offset, fua)
	return r.issue(binary.LittleEndian.AppendUint64(body, uint64(length)), nil)
}

// Flush records that a flush was issued.
func (r *Recorder) Flush() (op int64) { return r.issue([]byte{byte(Flush)}, nil) }

// Done records that an operation completed. It must be called before whoever
// asked for the operation is told so, and once at most.
func (r *Recorder) Done(op int64) {
	r.event(binary.LittleEndian.AppendUint64([]byte{byte(recordDone)}, uint64(op)), nil)
}

// Mark records a note and returns its position.
func (r *Recorder) Mark(text string) (position int64) {
	_, position = r.event([]byte{byte(recordMark)}, []byte(text))
	return position
}

// Close ends the log and returns the first error of all. Nothing is recorded
// after it. The underlying writer stays open.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(r.err, errClosed) {
		return errClosed
	}
	r.record(binary.LittleEndian.AppendUint64([]byte{byte(recordEnd)}, uint64(r.events)), nil)
	if r.err == nil {
		r.err = r.w.Flush()
	}
	err := r.err
	if err == nil {
		r.err = errClosed
	}
	return err
}

func (r *Recorder) issue(head, tail []byte) (op int64) {
	op, _ = r.event(head, tail)
	return op
}

// event writes one record and counts it. op is its number if it is an issue.
func (r *Recorder) event(head, tail []byte) (op, position int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.record(head, tail)
	op = r.ops
	if OpKind(head[0]) <= Flush {
		r.ops++
	}
	r.events++
	return op, r.events
}

// record frames head and tail as one record. The caller holds r.mu.
func (r *Recorder) record(head, tail []byte) {
	frame := make([]byte, 8, recordHeaderSize+len(head))
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(head)+len(tail)))
	frame = append(frame, head...)
	d := xxhash.New()
	_, _ = d.Write(frame[8:]) // a hash never fails
	_, _ = d.Write(tail)
	binary.LittleEndian.PutUint64(frame, d.Sum64()^placeSum(r.offset))
	r.emit(frame, tail)
}

func (r *Recorder) emit(parts ...[]byte) {
	for _, p := range parts {
		if r.err == nil {
			_, r.err = r.w.Write(p)
		}
		r.offset += int64(len(p))
	}
}

func placeSum(offset int64) uint64 { return uint64(offset) * offsetFactor }

func appendHeader(dst []byte, size int64) []byte {
	body := binary.LittleEndian.AppendUint32([]byte(magic), formatVersion)
	body = binary.LittleEndian.AppendUint32(body, 0)
	body = binary.LittleEndian.AppendUint64(body, uint64(size))
	dst = binary.LittleEndian.AppendUint64(dst, xxhash.Sum64(body))
	return append(dst, body...)
}

func appendPlace(dst []byte, kind OpKind, offset int64, fua bool) []byte {
	var flags byte
	if fua {
		flags = flagFUA
	}
	return binary.LittleEndian.AppendUint64(append(dst, byte(kind), flags), uint64(offset))
}
