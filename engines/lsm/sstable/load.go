package sstable

import "lsmlab/engines/internal/prefetch"

// searchedBytes is the part of a block in which a search takes place, if the block has
// the default size and small keys: the headers, restarts and keys. Each of these says
// where the next one is. So each would be a cache miss of its own, unless all are
// prefetched together. In tables larger than the cache, prefetching makes a Get take
// 0.8 times as long, and a SeekGE 0.73 times (BenchmarkGetHit, BenchmarkSeekGE, CPU
// time, loaded 2-core EPYC VM). Source of the idea: prefetching B+ trees (Chen,
// Gibbons, Mowry, SIGMOD 2001).
const searchedBytes = 768

// load makes b a view of block i: of the mapping, of a cached block, or of s. If
// r.copies(), s must not be nil.
func (r *Reader) load(i int, b *block, s *scratch) error {
	start, end := r.index.bounds(i)
	if start < pageSize || end > r.layout.index.offset || end < start || end-start < blockHeaderSize {
		return corrupt(r.name, int64(r.layout.index.offset), "block %d lies at %d..%d, blocks at %d..%d",
			i, start, end, pageSize, r.layout.index.offset)
	}
	var content []byte
	var err error
	if r.copies() {
		content, err = r.copyBlock(i, start, end, s)
	} else {
		content, err = r.viewBlock(i, start, end)
	}
	if err != nil {
		return err
	}
	if !b.parse(content) {
		return corrupt(r.name, int64(start), "block %d: header of the content does not fit its %d bytes", i, len(content))
	}
	return nil
}

// prefetchBlock prefetches what an iterator copies of block i, which it will enter
// next. The processor's own prefetching ends at the page. With it, a seek with 50
// entries takes 0.93 times as long. Prefetching the values too gains nothing more
// (BenchmarkRange).
func (r *Reader) prefetchBlock(i int) {
	if i >= r.index.n || r.copies() {
		return
	}
	if start, end := r.index.bounds(i); start < end && end <= uint64(len(r.data)) {
		prefetch.Bytes(r.data[start:min(end, start+searchedBytes)])
	}
}

// viewBlock returns a view of the content of an uncompressed block in the mapping. It
// checks the checksum unless this was done before.
func (r *Reader) viewBlock(i int, start, end uint64) ([]byte, error) {
	block := r.data[start:end:end]
	prefetch.Bytes(block[:min(len(block), searchedBytes)])
	if r.verified[i>>6].Load()>>(i&63)&1 == 0 {
		if err := r.checkBlock(i, start, block); err != nil {
			return nil, err
		}
		r.verified[i>>6].Or(1 << (i & 63))
	}
	stored := int(u32(block[4:]))
	if stored < blockHeaderSize || stored > len(block) || Compression(block[16]) != None {
		return nil, corrupt(r.name, int64(start), "block %d changed while it was open", i)
	}
	return block[blockHeaderSize:stored], nil
}

// copyBlock returns the content of block i, in memory of the cache, or in s if there is
// no cache.
func (r *Reader) copyBlock(i int, start, end uint64, s *scratch) ([]byte, error) {
	key := cacheKey{r.o.ID, start}
	if r.o.Cache != nil {
		if content := r.o.Cache.get(key); content != nil {
			return content, nil
		}
	}
	keep := r.o.Cache != nil
	block, err := r.storedBlock(i, start, end, s, keep && r.props.Compression == None)
	if err != nil {
		return nil, err
	}
	content := block[blockHeaderSize:u32(block[4:])]
	if Compression(block[16]) == Zstd {
		raw := s.raw
		if keep {
			raw = nil
		}
		want := int(u32(block[8:]))
		if content, err = decompress(raw, content, want); err != nil || len(content) != want {
			return nil, corrupt(r.name, int64(start), "block %d: decompressed to %d of %d bytes: %v", i, len(content), want, err)
		}
		if !keep {
			s.raw = content
		}
	} else if keep && r.props.Compression != None {
		content = append([]byte(nil), content...)
	}
	if keep {
		r.o.Cache.put(key, content)
	}
	return content, nil
}

// storedBlock returns the bytes of block i as stored, whose checksum holds. They are a
// view if the file is mapped. Otherwise they are read into s, or into new memory if
// fresh is set.
func (r *Reader) storedBlock(i int, start, end uint64, s *scratch, fresh bool) ([]byte, error) {
	var block []byte
	if r.data != nil {
		block = r.data[start:end:end]
	} else {
		size := int(end - start)
		if size > maxContent+pageSize {
			return nil, corrupt(r.name, int64(start), "block %d of %d bytes", i, size)
		}
		if fresh {
			block = make([]byte, size)
		} else {
			s.stored = sized(s.stored, size)
			block = s.stored
		}
		if err := r.readAt(block, int64(start)); err != nil {
			return nil, err
		}
	}
	return block, r.checkBlock(i, start, block)
}

// sized returns a slice of n bytes, in the memory of b if that suffices.
func sized(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// checkBlock checks the header and the checksum of block i, which is at offset start.
func (r *Reader) checkBlock(i int, start uint64, block []byte) error {
	stored, raw := u32(block[4:]), u32(block[8:])
	if stored < blockHeaderSize || uint64(stored) > uint64(len(block)) || raw > maxContent {
		return corrupt(r.name, int64(start), "block %d: %d bytes stored, %d raw, in %d", i, stored, raw, len(block))
	}
	if got, want := checksum(block[4:stored]), u32(block); got != want {
		return corrupt(r.name, int64(start), "block %d: checksum %08x, want %08x", i, got, want)
	}
	if got := u32(block[12:]); got != uint32(i) {
		return corrupt(r.name, int64(start), "block %d is in the place of block %d", got, i)
	}
	c := Compression(block[16])
	if c > r.props.Compression || c == None && raw != stored-blockHeaderSize {
		return corrupt(r.name, int64(start), "block %d: %v, %d bytes stored, %d raw, in a table with %v",
			i, c, stored, raw, r.props.Compression)
	}
	return nil
}
