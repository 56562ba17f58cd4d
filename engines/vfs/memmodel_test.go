package vfs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// modelFile is the naive model of one file: every content since the last sync,
// whole.
type modelFile struct {
	name     string
	file     vfs.File
	wal      vfs.WritableMapping // or nil
	versions [][]byte
}

func (f *modelFile) now() []byte { return f.versions[len(f.versions)-1] }

func (f *modelFile) add(content []byte) { f.versions = append(f.versions, content) }

// explains returns why no mix of the versions gives got, or "".
func (f *modelFile) explains(got []byte, block int) string {
	sized := false
	for _, v := range f.versions {
		sized = sized || len(v) == len(got)
	}
	if !sized {
		return fmt.Sprintf("it never had %d bytes", len(got))
	}
	for at := 0; at < len(got); at += block {
		end := min(at+block, len(got))
		known := false
		for _, v := range f.versions {
			padded := make([]byte, end-at)
			if at < len(v) {
				copy(padded, v[at:])
			}
			known = known || bytes.Equal(padded, got[at:end])
		}
		if !known {
			return fmt.Sprintf("block [%d,%d) never held this", at, end)
		}
	}
	return ""
}

// TestCrashModel runs random operations on three files and judges crash states
// by the naive model: every block must be one that the file held since its last
// sync, the size too; dropping all gives the last sync, keeping all the present,
// and so does a process crash, whose own drop-all gives the last sync again.
func TestCrashModel(t *testing.T) {
	runs := uint64(25)
	if testing.Short() {
		runs = 10
	}
	seed := testseed.New(t)
	for i := range runs {
		t.Run(fmt.Sprint("run", i), func(t *testing.T) { runCrashModel(t, seed+i) })
	}
}

func runCrashModel(t *testing.T, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 1))
	m := newMem(t)
	var files []*modelFile
	for _, name := range []string{"/db/a", "/db/b", "/db/c"} {
		files = append(files, &modelFile{name: name, file: put(t, m, name, ""), versions: [][]byte{{}}})
	}
	for step := range 60 {
		f := files[rnd.IntN(len(files))]
		stepModel(t, rnd, f)
		if got := contents(t, m, f.name); got != string(f.now()) {
			t.Fatalf("step %d: %s differs from the model now", step, f.name)
		}
		if step%4 == 0 {
			judge(t, m, files, rnd.Uint64())
		}
	}
}

// stepModel does one random operation on f and its model.
func stepModel(t *testing.T, rnd *rand.Rand, f *modelFile) {
	off, n := rnd.IntN(12000), 1+rnd.IntN(5000)
	next := bytes.Clone(f.now())
	grow := func(size int) {
		if size > len(next) {
			next = append(next, make([]byte, size-len(next))...)
		}
	}
	data := bytes.Repeat([]byte{byte(1 + rnd.IntN(255))}, n)
	switch op := rnd.IntN(10); {
	case op < 4:
		must(f.file.WriteAt(data, int64(off)))(t)
		grow(off + n)
		copy(next[off:], data)
	case op == 4 && f.wal == nil:
		check(t, f.file.Truncate(int64(off)))
		grow(off)
		next = next[:off]
	case op == 5 && f.wal == nil:
		check(t, f.file.Allocate(int64(off)))
		grow(off)
	case op == 6:
		check(t, f.file.SyncData())
		f.versions = nil
	case op == 7 && f.wal == nil:
		f.wal = must(f.file.MapWritable())(t)
	case op == 8 && f.wal != nil:
		check(t, f.wal.Unmap())
		f.wal = nil
	case op == 9 && f.wal != nil:
		if b := f.wal.Bytes(); off < len(b) {
			copy(b[off:], data)
			copy(next[off:len(b)], data)
		}
	}
	f.add(next)
}

func judge(t *testing.T, m *vfs.Mem, files []*modelFile, seed uint64) {
	t.Helper()
	for _, o := range severities(seed) {
		clone := m.CrashClone(o.CrashOptions)
		for _, f := range files {
			got := contents(t, clone, f.name)
			why := f.explains([]byte(got), o.BlockSize)
			switch {
			case o.keep == 0 && got != string(f.versions[0]):
				why = "not as at the last sync"
			case o.keep == 1 && got != string(f.now()):
				why = "not as it is now"
			}
			if why != "" {
				t.Fatalf("keep %g, strict %v, blocks of %d: %s: %s", o.keep, o.Strict, o.BlockSize, f.name, why)
			}
		}
		o.Choose = vfs.Chance(o.keep, rand.New(rand.NewPCG(seed, 0)))
		if again := m.CrashClone(o.CrashOptions); again.Fingerprint() != clone.Fingerprint() {
			t.Fatalf("keep %g, strict %v, blocks of %d: the same choices gave another state", o.keep, o.Strict, o.BlockSize)
		}
	}
	process := m.CrashClone(vfs.CrashOptions{ProcessCrash: true})
	lost := process.CrashClone(vfs.CrashOptions{})
	for _, f := range files {
		if contents(t, process, f.name) != string(f.now()) || contents(t, lost, f.name) != string(f.versions[0]) {
			t.Fatalf("process crash: %s: not as it is now, or a power failure after it keeps too much", f.name)
		}
	}
}

// The same seed must give the same state, whatever Go's map order.
func TestCrashRepeats(t *testing.T) {
	m := newMem(t)
	for i := range 40 {
		f := must(m.Create(fmt.Sprintf("/db/%d", i)))(t)
		must(f.WriteAt([]byte(strings.Repeat("x", 3000)), 0))(t)
	}
	for seed := range uint64(20) {
		o := func() vfs.CrashOptions {
			return vfs.CrashOptions{
				BlockSize: 512, Strict: true, Garbage: true,
				Choose: vfs.Chance(0.5, rand.New(rand.NewPCG(seed, 0))),
			}
		}
		one, other := m.CrashClone(o()), m.CrashClone(o())
		if one.Fingerprint() != other.Fingerprint() {
			t.Fatalf("seed %d gave two states", seed)
		}
	}
}

// BenchmarkCrashClone clones a small store: 30 files, 1.5 MB, three of them with
// unsynced writes, 20 KB in all, and two unsynced entries.
func BenchmarkCrashClone(b *testing.B) {
	m := vfs.NewMem()
	check(b, m.MkdirAll("/db"))
	for i := range 30 {
		put(b, m, fmt.Sprintf("/db/%06d.sst", i), strings.Repeat("x", 50<<10))
	}
	for i := range 3 {
		f := must(m.OpenReadWrite(fmt.Sprintf("/db/%06d.sst", i)))(b)
		for at := range 70 {
			must(f.WriteAt(make([]byte, 100), int64(at*100)))(b)
		}
	}
	must(m.Create("/db/x"))(b)
	check(b, m.Rename("/db/x", "/db/y"))
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, keep := range []float64{0, 0.5, 1} {
		b.Run(fmt.Sprintf("keep=%g", keep), func(b *testing.B) {
			for b.Loop() {
				m.CrashClone(vfs.CrashOptions{Choose: vfs.Chance(keep, rnd), BlockSize: 512, Strict: true})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "clones/s")
		})
	}
}
