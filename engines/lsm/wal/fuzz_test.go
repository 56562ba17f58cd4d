package wal

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/testseed"
)

// FuzzReader recovers directories of arbitrary segments, with the checksums put
// right if seal is set, as no fuzzer finds them. Whatever they hold, it ends, and
// if it accepts them a second recovery agrees.
func FuzzReader(f *testing.F) {
	f.Add([]byte{}, []byte{}, uint8(0), false)
	f.Add(make([]byte, 200), []byte("lWAL"), uint8(1), true)
	first := make([]byte, 150)
	putHeader(first, header{number: 1})
	n := headerSize + putRecord(first[headerSize:], 1, 1, 1, 0, []byte("\x01\x01k\x01v"))
	putRecord(first[n:], 1, 2, 1, 1, []byte("\x00\x01k"))
	second := make([]byte, 150)
	putHeader(second, header{number: 2, after: 2, durable: 1})
	putRecord(second[headerSize:], 2, 3, 0, 2, nil)
	f.Add(first, second, uint8(0), true)
	f.Add(first[:n+5], second, uint8(2), false)
	f.Add(second, first, uint8(0), true)
	f.Fuzz(func(t *testing.T, a, b []byte, flushed uint8, seal bool) {
		if seal {
			a, b = sealAll(a, 1), sealAll(b, 2)
		}
		mem := files{"000001.wal": a, "000002.wal": b, "CURRENT": a}.disk()
		got, r, err := replay(Options{FS: mem}, ikey.Seq(flushed))
		if err != nil {
			if !errors.Is(err, kv.ErrCorrupt) {
				t.Fatal(err)
			}
			return
		}
		last := ikey.Seq(flushed)
		for i, e := range got {
			if i > 0 && e.first != last+1 || i == 0 && e.first > last+1 {
				t.Fatalf("record of LSN %d after %d", e.first, last)
			}
			last = e.last()
		}
		before := mem.Fingerprint()
		again, r2, err := replay(Options{FS: mem}, ikey.Seq(flushed))
		if err != nil || !equal(got, again) || r.LastSeq != last || r2.LastSeq != last || mem.Fingerprint() != before {
			t.Fatalf("second recovery: %+v, %v; first: %+v", r2, err, r)
		}
	})
}

// sealAll returns a copy of a segment with right checksums, as far as its
// lengths lead.
func sealAll(b []byte, number uint64) []byte {
	b = slices.Clone(b)
	if len(b) < headerSize {
		return b
	}
	binary.LittleEndian.PutUint64(b, xxhash.Sum64(b[8:headerSize]))
	for rest := b[headerSize:]; len(rest) >= recordSize; {
		n := prefixSize + uint64(binary.LittleEndian.Uint32(rest[8:]))
		if n > uint64(len(rest)) {
			break
		}
		binary.LittleEndian.PutUint64(rest, recordSum(rest[:n], number))
		rest = rest[n:]
	}
	return b
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
