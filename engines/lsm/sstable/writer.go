package sstable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"

	"lsmlab/engines/internal/invariants"
	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/sstable/bloom"
	"lsmlab/engines/vfs"
)

// errEmpty is the error of finishing a table without entries. It would have no smallest
// and no largest key, so nothing could refer to it.
var errEmpty = errors.New("table has no entries")

// errOrder is the error of an entry that does not sort after the entry before it.
var errOrder = errors.New("entries out of order")

// WriterOptions affect what is stored. The zero value works.
type WriterOptions struct {
	BlockSize       int         // bytes at which a block closes; default 4096, with Zstd 16384; at most 1 MiB
	RestartInterval int         // entries from one restart point to the next; default 8
	BloomBitsPerKey int         // default 10; negative for no filter
	Compression     Compression // default None
}

// WithDefaults returns o with the defaults in the place of zeros.
func (o WriterOptions) WithDefaults() WriterOptions {
	if o.BlockSize <= 0 {
		o.BlockSize = pageSize
		if o.Compression == Zstd {
			o.BlockSize = 4 * pageSize
		}
	}
	o.BlockSize = min(o.BlockSize, 1<<20)
	if o.RestartInterval <= 0 {
		o.RestartInterval = 8
	}
	if o.BloomBitsPerKey == 0 {
		o.BloomBitsPerKey = 10
	}
	return o
}

const (
	writeSize  = 256 << 10 // bytes collected before they are written
	wasteShift = 4         // a block grows if closing it would waste more than 1/16
	// growBlocks is the limit to which a block may grow, in multiples of its size. In
	// 1<<wasteShift pages, the waste of a part of a page is small enough. Twice that
	// leaves room for the entry that comes then. Values of 8 KiB take 1.06 times their
	// bytes; with a limit of 8 it is 1.17.
	growBlocks = 2 << wasteShift
	maxBlocks  = 1 << 31
)

// Writer writes one table. One goroutine may use it. After an error, every method
// returns that error, and the caller should remove the file. Finish or Abort must end
// its use.
type Writer struct {
	f    vfs.File
	name string
	o    WriterOptions
	err  error

	memory
	hashes   bloom.Hashes
	written  int64 // offset in the file at which buf belongs
	capacity int   // bytes at which the open block closes
	trailer  ikey.Trailer
	props    Properties
}

// memory is the buffers of a writer, a megabyte for a large table. The next writer
// reuses them.
type memory struct {
	buf     []byte // bytes that are not written yet
	content []byte // of the block that is being compressed
	last    []byte // the user key that was added last
	block   builder
	index   indexBuilder
}

var memories = sync.Pool{New: func() any { return new(memory) }}

func (m *memory) reset() {
	m.buf, m.content, m.last = m.buf[:0], m.content[:0], m.last[:0]
	m.block.reset()
	m.index.reset()
}

// NewWriter returns a writer of a table into the empty file f. Errors call the table
// name. Nothing is written yet. The file still belongs to the caller, who closes it
// after Finish or after an error.
func NewWriter(f vfs.File, name string, o WriterOptions) *Writer {
	w := &Writer{f: f, name: name, o: o.WithDefaults(), memory: *memories.Get().(*memory), written: pageSize}
	w.block.interval = w.o.RestartInterval
	w.props.Compression = o.Compression
	w.props.MinSeq = ikey.MaxSeq
	if o.Compression > Zstd {
		w.err = fmt.Errorf("%s: %w: %v", name, kv.ErrUnsupported, o.Compression)
	}
	return w
}

// Add appends an entry. Keys must come in strictly ascending order of [ikey.Compare];
// otherwise the error is [errOrder]. A tombstone has no value. Key and value are
// copied.
func (w *Writer) Add(k ikey.Key, value []byte) error {
	if w.err != nil {
		return w.err
	}
	shared := commonPrefix(w.last, k.User)
	newUser := shared < len(k.User) || shared < len(w.last) || w.props.Entries == 0
	if err := w.check(k, value, shared, newUser); err != nil {
		w.err = err
		return err
	}
	if newUser && w.o.BloomBitsPerKey > 0 {
		w.hashes.Add(Hash(k.User))
	}
	if w.block.count > 0 && !w.fits(k, shared, value) {
		if err := w.finishBlock(); err != nil {
			return err
		}
	}
	if w.block.count == 0 {
		w.startBlock(k, shared, len(value), newUser)
	}
	w.block.add(k, shared, value)
	w.last = append(w.last[:shared], k.User[shared:]...)
	w.trailer = k.Trailer
	w.props.count(k, len(value))
	return nil
}

// check refuses an entry that must not be stored.
func (w *Writer) check(k ikey.Key, value []byte, shared int, newUser bool) error {
	if w.props.Entries == 0 {
		w.props.Smallest = bytes.Clone(k.User)
	} else {
		ascends := k.Trailer < w.trailer
		if newUser {
			ascends = shared < len(k.User) && (shared == len(w.last) || k.User[shared] > w.last[shared])
		}
		if invariants.Enabled && ascends != (ikey.Compare(ikey.Key{User: w.last, Trailer: w.trailer}, k) < 0) {
			panic("sstable: order check is wrong")
		}
		if !ascends {
			return fmt.Errorf("%w: %s: %v after %v", errOrder, w.name, k, ikey.Key{User: w.last, Trailer: w.trailer})
		}
	}
	if len(k.User) > kv.MaxKeySize || len(value) > kv.MaxValueSize {
		return fmt.Errorf("%w: %s: key of %d bytes, value of %d", kv.ErrTooLarge, w.name, len(k.User), len(value))
	}
	if kind := k.Trailer.Kind(); kind > ikey.Set || kind == ikey.Delete && len(value) > 0 {
		return fmt.Errorf("%w: %s: kind %d with a value of %d bytes", kv.ErrUnsupported, w.name, kind, len(value))
	}
	return nil
}

// fits says whether the open block takes the entry. The block may grow for this.
func (w *Writer) fits(k ikey.Key, shared int, value []byte) bool {
	if w.block.atRestart() {
		shared = 0
	}
	size := w.block.size()
	need := size + w.block.costOf(len(k.User)-shared, len(value))
	if need <= w.capacity {
		return true
	}
	if !w.pages() || w.capacity-size <= w.capacity>>wasteShift {
		return false
	}
	grown := alignUp(need, pageSize)
	if grown > growBlocks*w.o.BlockSize {
		return false
	}
	w.capacity = grown
	return true
}

// pages says whether blocks begin and end on page boundaries.
func (w *Writer) pages() bool { return w.o.Compression == None && w.o.BlockSize >= pageSize }

// startBlock opens a block with k as its first key, and adds the separator to the
// index.
func (w *Writer) startBlock(k ikey.Key, shared, valueLen int, newUser bool) {
	separator := k
	if newUser {
		separator = ikey.Key{User: k.User[:min(shared+1, len(k.User))], Trailer: separatorAll}
	}
	w.index.add(w.offset(), separator)
	w.capacity = w.o.BlockSize
	if size := w.block.size() + w.block.costOf(len(k.User), valueLen); w.pages() && size > w.capacity {
		w.capacity = alignUp(size, pageSize)
	}
}

// offset returns where in the file the next byte of buf belongs.
func (w *Writer) offset() int64 { return w.written + int64(len(w.buf)) }

// finishBlock moves the open block to buf.
func (w *Writer) finishBlock() error {
	if len(w.index.offsets) >= maxBlocks {
		w.err = fmt.Errorf("%w: %s: over %d blocks", kv.ErrTooLarge, w.name, maxBlocks)
		return w.err
	}
	start := len(w.buf)
	w.buf = append(w.buf, make([]byte, blockHeaderSize)...)
	compression := None
	var raw int
	if w.o.Compression == Zstd {
		w.content = w.block.appendContent(w.content[:0], w.last)
		raw = len(w.content)
		var ok bool
		if w.buf, ok = compress(w.buf, w.content); ok {
			compression = Zstd
		} else {
			w.buf = append(w.buf, w.content...)
		}
	} else {
		w.buf = w.block.appendContent(w.buf, w.last)
		raw = len(w.buf) - start - blockHeaderSize
	}
	sealBlock(w.buf[start:], raw, w.props.Blocks, compression)
	w.props.Blocks++
	w.block.reset()
	if w.o.Compression == None {
		w.pad(pageSize)
	}
	if len(w.buf) >= writeSize {
		return w.flush()
	}
	return nil
}

// sealBlock fills in the header at the start of block; the content follows the header.
func sealBlock(block []byte, raw int, number uint32, c Compression) {
	le := binary.LittleEndian
	le.PutUint32(block[4:], uint32(len(block)))
	le.PutUint32(block[8:], uint32(raw))
	le.PutUint32(block[12:], number)
	block[16] = byte(c)
	le.PutUint32(block, checksum(block[4:]))
}

var zeros [pageSize]byte

// pad appends zeros up to a multiple of align bytes.
func (w *Writer) pad(align int) {
	if over := int(w.offset() & int64(align-1)); over > 0 {
		w.buf = append(w.buf, zeros[:align-over]...)
	}
}

// flush writes buf to the file.
func (w *Writer) flush() error {
	if _, err := w.f.WriteAt(w.buf, w.written); err != nil {
		w.err = fmt.Errorf("write table %s: %w", w.name, err)
		return w.err
	}
	w.written += int64(len(w.buf))
	w.buf = w.buf[:0]
	return nil
}

// Size returns about how many bytes the table would have if it were finished now. With
// it, the caller decides when to start another table.
func (w *Writer) Size() int64 {
	n := w.offset() + int64(w.block.size()+w.index.size()+footerSize)
	if w.o.BloomBitsPerKey > 0 {
		n += int64(w.hashes.Len()) * int64(w.o.BloomBitsPerKey) / 8
	}
	return n
}

// Finish writes the rest, syncs the file and returns the properties of the table. The
// name of the file is durable only after the caller syncs the directory. If there are
// no entries, the error is [errEmpty].
func (w *Writer) Finish() (Properties, error) {
	defer w.hashes.Release()
	if w.err == nil && w.props.Entries == 0 {
		w.err = fmt.Errorf("%w: %s", errEmpty, w.name)
	}
	if w.err != nil {
		return Properties{}, w.err
	}
	if err := w.finishBlock(); err != nil {
		return Properties{}, err
	}
	header := w.appendTail()
	if err := w.flush(); err != nil {
		return Properties{}, err
	}
	// The header comes last: see "The index offset is known only at the end" in the package comment.
	if _, err := w.f.WriteAt(header, 0); err != nil {
		w.err = fmt.Errorf("write header of table %s: %w", w.name, err)
		return Properties{}, w.err
	}
	if err := w.f.Sync(); err != nil {
		w.err = fmt.Errorf("sync table %s: %w", w.name, err)
		return Properties{}, w.err
	}
	w.err = fmt.Errorf("%w: writer of %s", kv.ErrClosed, w.name)
	w.giveMemory()
	return w.props, nil
}

// Abort ends the use of a writer whose table is not needed.
func (w *Writer) Abort() { w.hashes.Release() }

func (w *Writer) giveMemory() {
	m := w.memory
	w.memory = memory{}
	m.reset()
	memories.Put(&m)
}

// appendTail appends all that follows the blocks, and returns the first page of the
// file.
func (w *Writer) appendTail() []byte {
	w.props.Largest = bytes.Clone(w.last)
	prefix := w.props.Smallest[:commonPrefix(w.props.Smallest, w.props.Largest)]
	l := layout{blocks: w.props.Blocks}
	end := w.offset()
	w.section(&l.index, func(dst []byte) []byte { return w.index.append(dst, end, prefix) })
	w.section(&l.bloom, func(dst []byte) []byte {
		if w.o.BloomBitsPerKey < 0 {
			return dst
		}
		return bloom.Append(dst, &w.hashes, w.o.BloomBitsPerKey)
	})
	w.section(&l.properties, w.props.append)
	l.fileSize = uint64(w.offset() + footerSize)
	w.buf = l.appendFooter(w.buf)
	w.props.FileSize = int64(l.fileSize)
	w.props.IndexSize, w.props.BloomSize = int64(l.index.length), int64(l.bloom.length)
	header := l.appendHeader(make([]byte, 0, pageSize))
	return header[:pageSize]
}

// section appends a section and records its place in s.
func (w *Writer) section(s *section, add func(dst []byte) []byte) {
	w.pad(sectionAlign)
	start := len(w.buf)
	s.offset = uint64(w.offset())
	w.buf = add(w.buf)
	s.length = uint64(len(w.buf) - start)
	s.sum = checksum(w.buf[start:])
}
