package trace

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

const (
	magic      = "LSMTRC1\n"
	headSize   = 8         // of a block, bytes
	blockBytes = 256 << 10 // of events, after which a block is written
	maxBlock   = 64 << 20  // bytes, before and after compression
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Writer writes a trace. It belongs to one goroutine. After an error it writes no more,
// and every call returns that error.
type Writer struct {
	f      *os.File
	out    *bufio.Writer
	enc    *zstd.Encoder
	events []byte
	packed []byte
	last   time.Duration
	count  uint64
	err    error
}

// Create makes the file of a trace, which must not exist.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, fmt.Errorf("make a trace: %w", err)
	}
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	w := &Writer{f: f, out: bufio.NewWriter(f), enc: enc}
	_, w.err = w.out.WriteString(magic)
	return w, nil
}

// Append adds an event. Its time must not be below that of the event before.
func (w *Writer) Append(e *Event) error {
	if w.err != nil {
		return w.err
	}
	if e.At < w.last {
		return fmt.Errorf("an event of %v after one of %v", e.At, w.last)
	}
	w.events = e.append(w.events, w.last)
	w.last = e.At
	w.count++
	if len(w.events) >= blockBytes {
		w.flush()
	}
	return w.err
}

// flush writes the events so far as a block.
func (w *Writer) flush() {
	if len(w.events) == 0 {
		return
	}
	w.packed = w.enc.EncodeAll(w.events, w.packed[:0])
	w.events = w.events[:0]
	w.block(uint32(len(w.packed)), w.packed)
}

func (w *Writer) block(size uint32, body []byte) {
	var head [headSize]byte
	binary.LittleEndian.PutUint32(head[:], size)
	binary.LittleEndian.PutUint32(head[4:], crc32.Checksum(body, castagnoli))
	for _, b := range [][]byte{head[:], body} {
		if w.err == nil {
			_, w.err = w.out.Write(b)
		}
	}
}

// Close writes the end of the trace and syncs the file.
func (w *Writer) Close() error {
	w.flush()
	w.block(0, binary.LittleEndian.AppendUint64(nil, w.count))
	if w.err == nil {
		w.err = w.out.Flush()
	}
	if w.err == nil {
		w.err = w.f.Sync()
	}
	return errors.Join(w.err, w.enc.Close(), w.f.Close())
}

// Reader reads a trace. It belongs to one goroutine.
type Reader struct {
	name   string
	in     *bufio.Reader
	dec    *zstd.Decoder
	offset int64 // of the block that is read
	next   int64 // of the one behind it
	packed []byte
	events []byte // of the block
	left   []byte // of events
	last   time.Duration
	count  uint64
	more   bool // the event before is not the last of its batch
	ended  bool
}

// NewReader reads a trace from in; name is the file's, for errors. The caller closes it.
func NewReader(name string, in io.Reader) (*Reader, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxBlock))
	if err != nil {
		return nil, err
	}
	r := &Reader{name: name, in: bufio.NewReader(in), dec: dec, next: int64(len(magic))}
	var head [len(magic)]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil || string(head[:]) != magic {
		dec.Close()
		return nil, fmt.Errorf("%s: offset 0: no trace: found % x, want % x", name, head, magic)
	}
	return r, nil
}

// Close frees what the reader holds.
func (r *Reader) Close() { r.dec.Close() }

// Next fills e with the next event; its Key and Upper are valid until the next call. The
// error is io.EOF after the last event. Any other error says where the file is damaged.
func (r *Reader) Next(e *Event) error {
	for len(r.left) == 0 {
		if err := r.block(); err != nil {
			return err
		}
	}
	rest, err := e.decode(r.left, r.last)
	if err != nil {
		return r.damaged("event at byte %d of the block: %w", len(r.events)-len(r.left), err)
	}
	if r.more && (e.Kind == Get || e.Kind == Scan) || e.More && (e.Kind == Get || e.Kind == Scan) {
		return r.damaged("event at byte %d of the block: a %s inside a batch", len(r.events)-len(r.left), e.Kind)
	}
	r.left, r.last, r.more = rest, e.At, e.More
	r.count++
	return nil
}

// block reads the next block.
func (r *Reader) block() error {
	if r.ended {
		return io.EOF
	}
	r.offset = r.next
	var head [headSize]byte
	if n, err := io.ReadFull(r.in, head[:]); err != nil {
		return r.damaged("%d bytes of a block's head, want %d: the trace has no end, it was cut: %w", n, headSize, err)
	}
	size, sum := binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	body := size
	if size == 0 {
		body = 8
	}
	if body > maxBlock {
		return r.damaged("a block of %d bytes, want at most %d", body, maxBlock)
	}
	packed, err := io.ReadAll(io.LimitReader(r.in, int64(body)))
	if err != nil || len(packed) < int(body) {
		return r.damaged("%d bytes of a block of %d (%v)", len(packed), body, err)
	}
	if got := crc32.Checksum(packed, castagnoli); got != sum {
		return r.damaged("checksum of a block: found %08x, want %08x", got, sum)
	}
	r.packed, r.next = packed, r.offset+headSize+int64(body)
	if size == 0 {
		return r.end()
	}
	if r.events, err = r.dec.DecodeAll(packed, r.events[:0]); err != nil {
		return r.damaged("a block that cannot be unpacked: %w", err)
	}
	r.left = r.events
	return nil
}

// end checks the end of the trace.
func (r *Reader) end() error {
	if want := binary.LittleEndian.Uint64(r.packed); want != r.count {
		return r.damaged("the end tells of %d events, found %d", want, r.count)
	}
	if r.more {
		return r.damaged("the last batch is cut")
	}
	if _, err := r.in.ReadByte(); err != io.EOF {
		r.offset = r.next
		return r.damaged("bytes behind the end")
	}
	r.ended = true
	return io.EOF
}

func (r *Reader) damaged(format string, args ...any) error {
	return fmt.Errorf("%s: offset %d: %w", r.name, r.offset, fmt.Errorf(format, args...))
}

// Open opens the file of a trace; the caller calls closeFile.
func Open(path string) (r *Reader, closeFile func(), err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	if r, err = NewReader(path, f); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return r, func() { r.Close(); _ = f.Close() }, nil // it was only read
}
