package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// FuzzReader recovers directories of arbitrary segments, of this format and of the
// first, with the checksums put right if seal is set, as no fuzzer finds them.
// Whatever they hold, it ends, and if it accepts them a second recovery agrees.
func FuzzReader(f *testing.F) {
	f.Add([]byte{}, []byte{}, uint8(0), false)
	f.Add(make([]byte, 200), []byte("lWAL"), uint8(1), true)
	one, two := newLayout(0, 1<<epochBits+1), newLayout(0, 1<<epochBits+2)
	first := make([]byte, 150)
	one.putHeader(first, header{})
	ops := []byte("\x01\x01k\x01v")
	one.putRecord(first[headerSize:], headerSize, 1, 1, 0, ops)
	n := headerSize + recordSize + len(ops)
	one.putRecord(first[n:], int64(n), 2, 1, 1, []byte("\x00\x01k"))
	second := make([]byte, 150)
	two.putHeader(second, header{after: 2, durable: 1})
	two.putRecord(second[headerSize:], headerSize, 3, 0, 2, nil)
	f.Add(first, second, uint8(0), true)
	f.Add(first[:n+5], second, uint8(2), false)
	f.Add(second, first, uint8(0), true)
	f.Fuzz(func(t *testing.T, a, b []byte, flushed uint8, seal bool) {
		for _, epoch := range []uint64{0, 1} {
			one, two := newLayout(0, epoch<<epochBits+1), newLayout(0, epoch<<epochBits+2)
			if seal {
				a, b = one.sealAll(a), two.sealAll(b)
			}
			mem := files{segmentName(one.number): a, segmentName(two.number): b, "CURRENT": a}.disk()
			fuzzRecover(t, mem, ikey.Seq(flushed))
		}
	})
}

// fuzzRecover recovers the log on mem, and again.
func fuzzRecover(t *testing.T, mem *vfs.Mem, flushed ikey.Seq) {
	got, r, err := replay(Options{FS: mem}, flushed)
	if err != nil {
		if !errors.Is(err, kv.ErrCorrupt) {
			t.Fatal(err)
		}
		return
	}
	last := flushed
	for i, e := range got {
		if i > 0 && e.first != last+1 || i == 0 && e.first > last+1 {
			t.Fatalf("record of LSN %d after %d", e.first, last)
		}
		last = e.last()
	}
	before := mem.Fingerprint()
	again, r2, err := replay(Options{FS: mem}, flushed)
	if err != nil || !equal(got, again) || r.LastSeq != last || r2.LastSeq != last || mem.Fingerprint() != before {
		t.Fatalf("second recovery: %+v, %v; first: %+v", r2, err, r)
	}
}

// sealAll returns a copy of a segment with right checksums, as far as its
// lengths lead.
func (l layout) sealAll(b []byte) []byte {
	b = slices.Clone(b)
	if len(b) < headerSize {
		return b
	}
	binary.LittleEndian.PutUint64(b, xxhash.Sum64(b[8:headerSize])^l.key)
	for at := headerSize; len(b)-at >= recordSize; {
		n := prefixSize + int(binary.LittleEndian.Uint32(b[at+8:]))
		if n < recordSize || n > len(b)-at {
			break
		}
		rest := b[at : at+n]
		if !l.old {
			binary.LittleEndian.PutUint32(rest[28:], l.head(rest, int64(at)))
		}
		binary.LittleEndian.PutUint64(rest, l.sum(xxhash.Sum64(rest[8:]), int64(at)))
		at += n
	}
	return b
}

// FuzzScanWork bounds the work of recovery over arbitrary content: a segment of
// records, whose values the fuzzer chose without the secret, is damaged at places that
// it chooses, or has arbitrary bytes behind its records, and each byte is hashed once.
func FuzzScanWork(f *testing.F) {
	l := newLayout(7, 1<<epochBits+1)
	nested := make([]byte, 4000) // everywhere the beginning of a record up to the end
	for at := 0; at+recordSize <= len(nested); at += recordSize {
		l.putFixed(nested[at:], int64(headerSize+at), ikey.Seq(at/recordSize+2), 1, 0, nested[at+recordSize:])
	}
	f.Add(nested, uint16(0), uint16(50), uint64(0))
	f.Add(nested, uint16(400), uint16(9), uint64(3))
	f.Add(bytes.Repeat([]byte{1, 0, 0, 0}, 2000), uint16(10), uint16(3), uint64(1<<40))
	f.Fuzz(func(t *testing.T, content []byte, size, damaged uint16, before uint64) {
		after := ikey.Seq(before % (1 << 50))
		l := newLayout(xxhash.Sum64(content)|1, 1<<epochBits+1) // unknown to whoever made the content
		data := make([]byte, headerSize, 2*headerSize+2*len(content))
		l.putHeader(data, header{after: after})
		for last, rest := after, content; size > 0 && len(rest) > 0; {
			ops := rest[:min(int(size), len(rest))]
			rest = rest[len(ops):]
			at := len(data)
			data = append(data, make([]byte, recordSize+len(ops))...)
			last++
			l.putRecord(data[at:], int64(at), last, 1, 0, ops)
			if len(data) > 1<<18 {
				break
			}
		}
		data = append(data, content...)
		for at := headerSize; damaged > 0 && at < len(data); at += 37 * int(damaged) {
			data[at] ^= 0x40
		}
		s := scanner{layout: l, data: data, off: headerSize, after: after}
		for _, _, ok := s.next(); ok; _, _, ok = s.next() {
		}
		if s.hashed > int64(len(data)) {
			t.Errorf("%d bytes were hashed to scan %d", s.hashed, len(data))
		}
	})
}

// FuzzCrash is TestCrash with the fuzzer choosing seed, variant and length.
func FuzzCrash(f *testing.F) {
	f.Add(uint64(1), uint8(0), uint8(50))
	f.Add(uint64(2), uint8(2), uint8(90))
	f.Add(uint64(3), uint8(4), uint8(120))
	f.Add(testseed.New(f), uint8(1), uint8(200))
	f.Fuzz(func(t *testing.T, seed uint64, variant, steps uint8) {
		all := variants()
		w := newWorld(seed, all[int(variant)%len(all)])
		if err := w.run(int(steps)); err != nil {
			t.Fatal(err)
		}
	})
}
