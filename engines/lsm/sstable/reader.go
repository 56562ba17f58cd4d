package sstable

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/sstable/bloom"
	"lsmlab/engines/vfs"
)

// Mode says how a table is read.
type Mode uint8

// The modes.
const (
	Mapped     Mode = iota // views of the mapped file, without copies; falls back to Positioned if the system refuses the mapping
	Positioned             // whole blocks by pread(2), kept in the cache if there is one
)

// ReaderOptions affect speed. The zero value works.
type ReaderOptions struct {
	Mode  Mode
	Cache *Cache // for blocks that were read or decompressed; with nil, each access copies anew
	ID    uint64 // of the table, in the cache
}

// Reader reads one table. It is safe for concurrent use. Close must come after all
// other calls, and after the last use of every iterator and of every view that an
// iterator gave.
type Reader struct {
	name    string
	o       ReaderOptions
	size    int64
	file    vfs.File    // nil if the file is mapped
	mapping vfs.Mapping // nil if the file is not mapped
	data    []byte      // the bytes of mapping

	layout   layout
	index    index
	filter   bloom.Filter
	props    Properties
	verified []atomic.Uint64 // one bit a block: its checksum held since Open; used only with a mapping
}

// Open opens a table and checks everything except the blocks. Errors call the table
// name. Open takes over f: Close closes it, and an error of Open does too.
func Open(f vfs.File, name string, o ReaderOptions) (*Reader, error) {
	r := &Reader{name: name, o: o, file: f}
	if err := r.open(); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

func (r *Reader) open() (err error) {
	defer vfs.CatchFault(debug.SetPanicOnFault(true), r.name, &err)
	if r.size, err = r.file.Size(); err != nil {
		return fmt.Errorf("open table %s: %w", r.name, err)
	}
	if r.size < pageSize+footerSize {
		return corrupt(r.name, 0, "%d bytes, too few for a table", r.size)
	}
	if r.o.Mode == Mapped {
		if err := r.mapFile(); err != nil {
			return err
		}
	}
	return r.parse()
}

// mapFile maps the file if the mode is Mapped. If the system refuses the mapping, the
// file is read by positioned reads instead.
func (r *Reader) mapFile() (err error) {
	if r.mapping, err = r.file.Map(); err != nil {
		r.mapping = nil
		if vfs.Exhausted(err) { // the system may be out of mappings or addresses
			return nil
		}
		return fmt.Errorf("map table %s: %w", r.name, err)
	}
	r.data = r.mapping.Bytes()
	if int64(len(r.data)) != r.size {
		return corrupt(r.name, 0, "mapping has %d bytes, file %d", len(r.data), r.size)
	}
	file := r.file
	r.file = nil // the mapping stays valid without the file
	return file.Close()
}

// bytes returns a part of the file, as a view if the file is mapped.
func (r *Reader) bytes(offset, length uint64) ([]byte, error) {
	if r.data != nil {
		return r.data[offset : offset+length : offset+length], nil
	}
	b := make([]byte, length)
	return b, r.readAt(b, int64(offset))
}

func (r *Reader) readAt(b []byte, offset int64) error {
	if n, err := r.file.ReadAt(b, offset); n < len(b) {
		return fmt.Errorf("read table %s offset %d: %w", r.name, offset, err)
	}
	return nil
}

// parse reads and checks everything except the blocks.
func (r *Reader) parse() error {
	header, err := r.bytes(0, headerSize)
	if err != nil {
		return err
	}
	footer, err := r.bytes(uint64(r.size)-footerSize, footerSize)
	if err != nil {
		return err
	}
	if r.layout, err = parseLayout(r.name, r.size, header, footer); err != nil {
		return err
	}
	index, err := r.section("index", r.layout.index)
	if err != nil {
		return err
	}
	if !r.index.parse(index, r.layout.blocks) {
		return corrupt(r.name, int64(r.layout.index.offset), "index of %d bytes does not fit its header and %d blocks",
			len(index), r.layout.blocks)
	}
	if err := r.parseFilter(); err != nil {
		return err
	}
	return r.parseProperties()
}

// section returns the bytes of a section after checking its checksum.
func (r *Reader) section(what string, s section) ([]byte, error) {
	b, err := r.bytes(s.offset, s.length)
	if err != nil {
		return nil, err
	}
	if got := checksum(b); got != s.sum {
		return nil, corrupt(r.name, int64(s.offset), "%s checksum %08x, want %08x", what, got, s.sum)
	}
	return b, nil
}

func (r *Reader) parseFilter() error {
	if r.layout.bloom.length == 0 {
		return nil
	}
	b, err := r.section("bloom filter", r.layout.bloom)
	if err != nil {
		return err
	}
	var ok bool
	if r.filter, ok = bloom.Open(b); !ok {
		return corrupt(r.name, int64(r.layout.bloom.offset), "bloom filter of %d bytes does not fit its header", len(b))
	}
	return nil
}

func (r *Reader) parseProperties() error {
	s := r.layout.properties
	b, err := r.section("properties", s)
	if err != nil {
		return err
	}
	if r.props, err = parseProperties(r.name, int64(s.offset), b); err != nil {
		return err
	}
	if r.props.Blocks != r.layout.blocks || r.props.Compression > Zstd {
		return corrupt(r.name, int64(s.offset), "properties say %d blocks with %v, footer %d blocks",
			r.props.Blocks, r.props.Compression, r.layout.blocks)
	}
	r.props.FileSize = r.size
	r.props.IndexSize, r.props.BloomSize = int64(r.layout.index.length), int64(r.layout.bloom.length)
	if r.data != nil {
		r.verified = make([]atomic.Uint64, (r.index.n+63)/64)
	}
	return nil
}

// Properties describes the table. Its keys belong to the reader, must not be changed,
// and stay valid after Close.
func (r *Reader) Properties() Properties { return r.props }

// Close releases the table's file. Cached blocks stay until [Cache.Evict].
func (r *Reader) Close() error {
	var errs [2]error
	if r.mapping != nil {
		errs[0] = r.mapping.Unmap()
	}
	if r.file != nil {
		errs[1] = r.file.Close()
	}
	r.mapping, r.file, r.data = nil, nil, nil
	return errors.Join(errs[:]...)
}

// Part estimates which part of the table lies in [start, end), where nil is behind all keys:
// between 0 and 1, exact for all and nothing, and else by the blocks that begin there.
func (r *Reader) Part(start, end []byte) (part float64) {
	var err error // a fault: then nothing is known
	defer vfs.CatchFault(debug.SetPanicOnFault(true), r.name, &err)
	from, to := 0, r.index.n
	if bytes.Compare(start, r.props.Smallest) > 0 {
		from = r.index.find(start, separatorAll)
	}
	if end != nil && bytes.Compare(end, r.props.Largest) <= 0 {
		to = r.index.find(end, separatorAll)
	}
	return float64(max(0, to-from)) / float64(r.index.n)
}

// MayContain says whether the table may hold versions of the user key with this [Hash].
// Only false is certain. It is true if the filter cannot be read.
func (r *Reader) MayContain(hash uint64) (may bool) {
	may = true
	var err error
	defer vfs.CatchFault(debug.SetPanicOnFault(true), r.name, &err)
	return r.filter.MayContain(hash)
}

// Get finds the newest version of user that is not newer than seq. It appends the value
// to dst and returns the extended slice, and the version's trailer. If there is no such
// version, or it is a tombstone, it returns dst. It does not use the filter: the caller asks MayContain
// before, and counts the answers.
func (r *Reader) Get(dst, user []byte, seq ikey.Seq) (value []byte, version ikey.Trailer, found bool, err error) {
	value = dst
	defer vfs.CatchFault(debug.SetPanicOnFault(true), r.name, &err)
	if r.copies() {
		s := scratchPool.Get().(*scratch)
		defer scratchPool.Put(s)
		return r.get(dst, user, seq, s)
	}
	return r.get(dst, user, seq, nil)
}

// get is Get without the guard against memory faults.
func (r *Reader) get(dst, user []byte, seq ikey.Seq, s *scratch) ([]byte, ikey.Trailer, bool, error) {
	t := ikey.SeekKey(user, seq).Trailer
	var b block
	var c cursor
	for i := r.index.find(user, t); i < r.index.n; i++ {
		if err := r.load(i, &b, s); err != nil {
			return dst, 0, false, err
		}
		switch b.seek(user, t, &c) {
		case broken:
			return dst, 0, false, r.broken(i)
		case found:
			if !c.equal {
				return dst, 0, false, nil
			}
			v, ok := c.value(b.content)
			if !ok {
				return dst, 0, false, r.broken(i)
			}
			return append(dst, v...), c.trailer, true, nil
		}
		if !r.index.continues(i+1, user) {
			break
		}
	}
	return dst, 0, false, nil
}

// broken is the error of a block whose checksum holds but whose content cannot be
// decoded.
func (r *Reader) broken(i int) error {
	start, _ := r.index.bounds(i)
	return corrupt(r.name, int64(start), "block %d: entries cannot be decoded", i)
}

// scratch is memory for a block that is copied but not cached.
type scratch struct{ stored, raw []byte }

var scratchPool = sync.Pool{New: func() any { return new(scratch) }}

// copies says whether a block must be copied before it is read.
func (r *Reader) copies() bool { return r.data == nil || r.props.Compression != None }
