package wal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

// smallLog returns the files of a log of three segments, and its records.
// Everything but the last two records is synced and known to be, also the rest
// if it is closed.
func smallLog(t *testing.T, closed bool) (files, []entry) {
	mem := vfs.NewMem()
	w, _, _ := openLog(t, Options{FS: mem, SegmentSize: 300}, 0)
	var want []entry
	for i := range ikey.Seq(8) {
		want = append(want, fill(t, w, i, 1, 60)...)
		if i < 6 {
			if err := w.Commit(i+1, kv.Synced); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Commit(8, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	if closed {
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	all := read(t, mem)
	if len(all) < 3 {
		t.Fatalf("%d segments, want 3", len(all))
	}
	return all, want
}

// stride is 1, or n in a short run.
func stride(n int) int {
	if testing.Short() {
		return n
	}
	return 1
}

// usedBytes returns where the records of a segment end, and where an end mark begins,
// if there is one.
func usedBytes(b []byte, number uint64) (end, mark int) {
	h, _ := parseHeader(b, number)
	s := scanner{data: b, number: number, off: headerSize, after: h.after}
	end, mark = headerSize, -1
	for {
		r, at, _, ok := s.next()
		if !ok {
			return end, mark
		}
		if end = int(at + r.size); r.count == 0 {
			mark = int(at)
		}
	}
}

// TestBitFlips flips every bit of a small log. In a closed log no flip in a
// header or record goes unseen; one in the end mark costs only the mark.
func TestBitFlips(t *testing.T) {
	for _, closed := range []bool{true, false} {
		t.Run(fmt.Sprintf("closed=%v", closed), func(t *testing.T) {
			all, want := smallLog(t, closed)
			for name, b := range all {
				number, _ := parseName(name)
				end, mark := usedBytes(b, number)
				for bit := 0; bit < end*8; bit += stride(7) {
					changed := slices.Clone(b)
					changed[bit/8] ^= 1 << (bit % 8)
					what := fmt.Sprintf("%s offset %d bit %d", name, bit/8, bit%8)
					got, err := all.with(name, changed).judge(t, want, what)
					switch {
					case mark >= 0 && bit/8 >= mark:
						if err != nil || !equal(got, want) {
							t.Fatalf("%s in the mark: %d records, %v", what, len(got), err)
						}
					case closed && err == nil:
						t.Fatalf("%s: replayed %d of %d records without an error", what, len(got), len(want))
					case err == nil && len(got) < 5:
						t.Fatalf("%s: replayed %d records, 5 are known to be synced", what, len(got))
					}
				}
			}
		})
	}
}

// TestTruncation cuts every segment at every byte, with zeros in place of the
// rest and without.
func TestTruncation(t *testing.T) {
	for _, closed := range []bool{true, false} {
		all, want := smallLog(t, closed)
		names := 0
		for name, b := range all {
			number, _ := parseName(name)
			end, _ := usedBytes(b, number)
			if number == uint64(len(all)) {
				names++
			}
			for cut := 0; cut < end; cut += stride(5) {
				zeros := slices.Concat(b[:cut], make([]byte, len(b)-cut))
				for i, changed := range [][]byte{b[:cut], zeros} {
					what := fmt.Sprintf("%s cut at %d, zeros %v", name, cut, i == 1)
					_, err := all.with(name, changed).judge(t, want, what)
					if number < uint64(len(all)) && err == nil {
						t.Fatalf("%s: no error, but a later segment knows that it was synced", what)
					}
				}
			}
		}
		if names != 1 {
			t.Fatal("the last segment was not met")
		}
	}
}

// TestLostSegment removes each segment of a closed log but the last. The error
// must name the LSNs.
func TestLostSegment(t *testing.T) {
	all, want := smallLog(t, true)
	for name, missing := range map[string]string{"000001.wal": "LSN 1 to 2 are missing", "000002.wal": "LSN 3 to 4 are missing"} {
		_, err := all.without(name).judge(t, want, name)
		if err == nil || !strings.Contains(err.Error(), missing) {
			t.Errorf("without %s: %v, want %q", name, err, missing)
		}
	}
}

// TestFlushedDamage damages each record in turn. Once tables hold it, the rest
// is replayed as if nothing was wrong.
func TestFlushedDamage(t *testing.T) {
	all, want := smallLog(t, true)
	for name, b := range all {
		number, _ := parseName(name)
		h, _ := parseHeader(b, number)
		s := scanner{data: b, number: number, off: headerSize, after: h.after}
		for {
			r, at, _, ok := s.next()
			if !ok || r.count == 0 {
				break
			}
			changed := slices.Clone(b)
			changed[at+recordSize+3] ^= 0x10
			mem := all.with(name, changed).disk()
			got, info, err := replay(Options{FS: mem}, r.last())
			if err != nil || !equal(got, want[r.last():]) || info.LastSeq != 8 {
				t.Errorf("record %d damaged and flushed: %d records, %+v, %v", r.first, len(got), info, err)
			}
			if _, _, err := replay(Options{FS: all.with(name, changed).disk()}, r.last()-1); !errors.Is(err, kv.ErrCorrupt) {
				t.Errorf("record %d damaged and needed: %v", r.first, err)
			}
		}
	}
}

// TestFlushedBeyond recovers a log of which tables hold more than all.
func TestFlushedBeyond(t *testing.T) {
	all, _ := smallLog(t, false)
	mem := all.disk()
	w, got, r := openLog(t, Options{FS: mem}, 20)
	if len(got) > 0 || r.LastSeq != 20 || r.Removed != len(all) {
		t.Fatalf("%d records, %+v", len(got), r)
	}
	want := fill(t, w, 20, 3, 10)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got, _, err := replay(Options{FS: mem}, 20); err != nil || !equal(got, want) {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// TestStaleBytes writes to a recycled segment and then puts back, for every
// byte, the old content from there on: what a crash leaves of a file that was
// recycled. No old record may come back, whatever its place.
func TestStaleBytes(t *testing.T) {
	for _, size := range []int{60, 33, 91} {
		mem := vfs.NewMem()
		w, _, _ := openLog(t, Options{FS: mem, SegmentSize: 600}, 0)
		fill(t, w, 0, 9, 60)
		if err := errors.Join(w.Commit(9, kv.Synced), w.Obsolete(7)); err != nil {
			t.Fatal(err)
		}
		old := read(t, mem)["000001.wal"]
		var last ikey.Seq = 9
		for w.Metrics().Recycled == 0 {
			fill(t, w, last, 1, size)
			last++
		}
		want := fill(t, w, last, 2, size)
		if err := w.Commit(last+2, kv.Buffered); err != nil {
			t.Fatal(err)
		}
		name := w.cur.name
		all := read(t, mem)
		if bytes.Equal(all[name], old) || bytes.Equal(all[name][500:], make([]byte, 100)) {
			t.Fatalf("%s was not recycled", name)
		}
		begin := want[0].first - 1 // the record that made the segment needed
		for cut := 0; cut < len(old); cut += stride(5) {
			mem := all.with(name, slices.Concat(all[name][:cut], old[cut:])).disk()
			got, r, err := replay(Options{FS: mem}, begin)
			if err != nil || !isPrefix(got, want) || r.LastSeq != begin+ikey.Seq(len(got)) {
				t.Fatalf("cut at %d: %d records, %+v, %v", cut, len(got), r, err)
			}
		}
	}
}

// TestUnsyncedHoles zeroes every 64-byte block of a log that was never synced,
// alone: a power cut may lose it. That is never damage; what follows it is
// dropped, and must not come back behind new records.
func TestUnsyncedHoles(t *testing.T) {
	mem := vfs.NewMem()
	w, _, _ := openLog(t, Options{FS: mem, SegmentSize: 600}, 0)
	want := fill(t, w, 0, 20, 60)
	if err := w.Commit(20, kv.Buffered); err != nil {
		t.Fatal(err)
	}
	all, dropped := read(t, mem), 0
	for name, b := range all {
		for at := 0; at+64 <= len(b); at += 64 {
			changed := slices.Clone(b)
			clear(changed[at : at+64])
			hurt := all.with(name, changed).disk()
			w, got, r := openLog(t, Options{FS: hurt, SegmentSize: 600}, 0)
			if !isPrefix(got, want) {
				t.Fatalf("%s offset %d: %d records that are no prefix", name, at, len(got))
			}
			dropped += r.Torn.Dropped
			got = append(got, fill(t, w, r.LastSeq, 3, 50)...)
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if again, _, err := replay(Options{FS: hurt}, 0); err != nil || !equal(again, got) {
				t.Fatalf("%s offset %d: after new records: %d records, want %d, %v", name, at, len(again), len(got), err)
			}
		}
	}
	if dropped == 0 {
		t.Error("no sound record was ever dropped")
	}
}

// TestGolden keeps the format: the log under testdata/v1 must replay as written,
// and writing the same again must give the same bytes. Run with
// WAL_UPDATE_GOLDEN=1 to write the files anew.
func TestGolden(t *testing.T) {
	all, want := smallLog(t, true)
	dir := filepath.Join("testdata", "v1")
	golden := files{}
	for name, b := range all {
		path := filepath.Join(dir, name)
		if os.Getenv("WAL_UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		stored, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// Those files are from when Close did not cut off the rest of the last segment.
		if golden[name] = stored; !bytes.HasPrefix(stored, b) {
			t.Errorf("%s is not what the writer makes now", path)
		}
	}
	if got, err := golden.judge(t, want, dir); err != nil || !equal(got, want) {
		t.Errorf("%s: %d records, want %d, %v", dir, len(got), len(want), err)
	}
}
