package blocklog

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
)

var update = flag.Bool("update", false, "write the golden log again")

// sample records every kind of record once at least, and returns the file.
func sample(t testing.TB) []byte {
	t.Helper()
	var file bytes.Buffer
	r := NewRecorder(&file, 1<<20)
	first := r.Write(4096, []byte("hello"), false)
	r.Mark("begin 1")
	zero := r.Zero(8192, 512, true)
	r.Done(first)
	flush := r.Flush()
	r.Done(zero)
	r.Done(flush)
	r.Mark("ack 1")
	r.Write(0, nil, false) // never completes
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestRoundTrip(t *testing.T) {
	l, err := Decode(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	want := &Log{
		Size: 1 << 20,
		End:  9,
		Ops: []Op{
			{Kind: Write, Offset: 4096, Length: 5, Data: []byte("hello"), Issued: 1, Done: 4},
			{Kind: Zero, Offset: 8192, Length: 512, FUA: true, Issued: 3, Done: 6},
			{Kind: Flush, Issued: 5, Done: 7},
			{Kind: Write, Data: []byte{}, Issued: 9, Done: Never},
		},
		Marks: []Mark{{"begin 1", 2}, {"ack 1", 8}},
	}
	if diff := cmp.Diff(want, l); diff != "" {
		t.Error(diff)
	}
	if at, ok := l.Find("ack 1"); at != 8 || !ok {
		t.Errorf("ack 1 found at %d, %t", at, ok)
	}
	if at, ok := l.Find("ack 2"); ok {
		t.Errorf("ack 2 found at %d", at)
	}
}

// The golden file is of version 1 and must stay readable, byte for byte as it
// would be written today.
func TestGolden(t *testing.T) {
	name := filepath.Join("testdata", "v1.blocklog")
	if *update {
		if err := os.WriteFile(name, sample(t), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(golden, sample(t)) {
		t.Error("what is written today differs from the golden file")
	}
	if _, err := ReadFile(name); err != nil {
		t.Error(err)
	}
}

// Cut off anywhere, with any bit flipped, with anything after the end or with
// two records swapped, a log is refused.
func TestDamage(t *testing.T) {
	file := sample(t)
	refuse := func(what string, at int, data []byte) {
		t.Helper()
		_, err := Decode(data)
		if !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("%s %d: %v, want ErrCorrupt", what, at, err)
		}
	}
	for n := range file {
		refuse("cut at byte", n, file[:n])
	}
	for bit := range len(file) * 8 {
		damaged := slices.Clone(file)
		damaged[bit/8] ^= 1 << (bit % 8)
		refuse("flip of bit", bit, damaged)
	}
	refuse("byte after the end", 0, append(slices.Clone(file), 0))
	mark := recordHeaderSize + 1 + len("begin 1")
	write := recordHeaderSize + 10 + len("hello")
	a, b := file[headerSize:headerSize+write], file[headerSize+write:headerSize+write+mark]
	refuse("records swapped", 0, slices.Concat(file[:headerSize], b, a, file[headerSize+write+mark:]))
	if _, err := Decode([]byte("no block log, and longer than a header is")); !errors.Is(err, kv.ErrCorrupt) {
		t.Errorf("another kind of file: %v", err)
	}
}

// Records that are whole but make no sense are refused too.
func TestNonsense(t *testing.T) {
	for name, record := range map[string]func(r *Recorder){
		"past the end of the disk":  func(r *Recorder) { r.Write(4090, make([]byte, 7), false) },
		"before the disk":           func(r *Recorder) { r.Write(-1, []byte("x"), false) },
		"zero past the end":         func(r *Recorder) { r.Zero(0, 4097, false) },
		"zero of negative length":   func(r *Recorder) { r.Zero(8, -1, false) },
		"completion without issue":  func(r *Recorder) { r.Done(0) },
		"negative completion":       func(r *Recorder) { r.Flush(); r.Done(-1) },
		"second completion":         func(r *Recorder) { op := r.Flush(); r.Done(op); r.Done(op) },
		"completion of a later one": func(r *Recorder) { r.Done(r.Flush() + 1) },
	} {
		var file bytes.Buffer
		r := NewRecorder(&file, 4096)
		record(r)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := Decode(file.Bytes()); !errors.Is(err, kv.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, os.ErrClosed }

// A recorder whose file fails says so at the end, and a closed one stays closed.
func TestRecorderErrors(t *testing.T) {
	r := NewRecorder(full{}, 4<<20)
	r.Done(r.Write(0, make([]byte, 2<<20), false))
	if err := r.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("close: %v, want the error of the file", err)
	}
	var file bytes.Buffer
	r = NewRecorder(&file, 4096)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	r.Mark("late")
	if err := r.Close(); err == nil {
		t.Error("closed twice without an error")
	}
	if l, err := Decode(file.Bytes()); err != nil || l.End != 0 {
		t.Errorf("%+v, %v", l, err)
	}
}

// Operations of several goroutines interleave, but each one's own order and
// data hold.
func TestConcurrentRecording(t *testing.T) {
	const writers, each = 4, 100
	var file bytes.Buffer
	r := NewRecorder(&file, writers*each)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				r.Done(r.Write(int64(w*each+i), []byte{byte(w)}, false))
			}
		})
	}
	wg.Wait()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := Decode(file.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	next := map[int64]int64{}
	for _, op := range l.Ops {
		w := op.Offset / each
		if op.Offset != w*each+next[w] || op.Data[0] != byte(w) || op.Done <= op.Issued {
			t.Fatalf("writer %d: %+v, after %d writes", w, op, next[w])
		}
		next[w]++
	}
	if len(l.Ops) != writers*each || l.End != 2*writers*each {
		t.Errorf("%d operations, %d events", len(l.Ops), l.End)
	}
}

// FuzzDecode reads arbitrary bytes, with checksums put right: no input panics or
// is accepted unless writing the log again gives the same bytes.
func FuzzDecode(f *testing.F) {
	f.Add(sample(f))
	testseed.Damaged(f, 50, sample(f))
	f.Add([]byte{})
	f.Add(appendHeader(nil, 1<<40))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = seal(data)
		l, err := Decode(data)
		if err != nil {
			if !errors.Is(err, kv.ErrCorrupt) && !errors.Is(err, kv.ErrUnsupported) {
				t.Fatal(err)
			}
			return
		}
		if got := rewrite(l); !bytes.Equal(got, data) {
			t.Fatalf("accepted %x, which is written as %x", data, got)
		}
	})
}
