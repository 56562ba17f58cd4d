package vfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"lsmlab/engines/vfs"
)

// severity is a kind of crash, and the share of unsynced things that it keeps.
type severity struct {
	vfs.CrashOptions
	keep float64
}

// severities are options from drop-all to keep-all, with fresh random choices
// for each seed.
func severities(seed uint64) []severity {
	var all []severity
	for _, keep := range []float64{0, 0.3, 0.6, 1} {
		for _, block := range []int{512, 4096} {
			for _, strict := range []bool{false, true} {
				all = append(all, severity{vfs.CrashOptions{
					BlockSize: block, Strict: strict,
					Choose: vfs.Chance(keep, rand.New(rand.NewPCG(seed, 0))),
				}, keep})
			}
		}
	}
	return all
}

// found crashes m under all severities and many seeds, and returns how often
// each state, told by look, was met.
func found(m *vfs.Mem, look func(*vfs.Mem) string) map[string]int {
	states := map[string]int{}
	for seed := range uint64(60) {
		for _, o := range severities(seed) {
			states[look(m.CrashClone(o.CrashOptions))]++
		}
	}
	return states
}

// only checks that exactly the wanted states were met.
func only(t *testing.T, states map[string]int, want ...string) {
	t.Helper()
	for _, w := range want {
		if states[w] == 0 {
			t.Errorf("state %.60q was never found", w)
		}
		delete(states, w)
	}
	for s, n := range states {
		t.Errorf("state %.60q was found %d times and is impossible", s, n)
	}
}

func looksLike(t *testing.T, name string) func(*vfs.Mem) string {
	return func(m *vfs.Mem) string {
		if !exists(m, name) {
			return "none"
		}
		return contents(t, m, name)
	}
}

func TestCrashKeepsSynced(t *testing.T) {
	m := newMem(t)
	big := strings.Repeat("0123456789abcdef", 1000)
	f := put(t, m, "/db/a", big)
	must(f.WriteAt([]byte("more"), 0))(t)
	check(t, f.SyncData())
	only(t, found(m, looksLike(t, "/db/a")), "more"+big[4:])
}

// One block written twice: a crash leaves it as synced, as written first, or as
// written last; the source is not harmed.
func TestCrashLeavesVersionsOfABlock(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/a", "0000")
	must(f.WriteAt([]byte("11"), 0))(t)
	must(f.WriteAt([]byte("2"), 1))(t)
	only(t, found(m, looksLike(t, "/db/a")), "0000", "1100", "1200")
	if got := contents(t, m, "/db/a"); got != "1200" {
		t.Errorf("the source holds %q", got)
	}
}

// One write over two sectors of a page is torn only at 512.
func TestCrashTears(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/a", strings.Repeat("o", 1024))
	must(f.WriteAt(bytes.Repeat([]byte("n"), 1024), 0))(t)
	halves := func(m *vfs.Mem) string { c := contents(t, m, "/db/a"); return c[:1] + c[512:513] }
	only(t, found(m, halves), "oo", "nn", "on", "no")
	for seed := range uint64(50) {
		o := vfs.CrashOptions{Choose: vfs.Chance(0.5, rand.New(rand.NewPCG(seed, 0))), Strict: true}
		if h := halves(m.CrashClone(o)); h[0] != h[1] {
			t.Fatalf("seed %d: a page was torn with blocks of 4096", seed)
		}
	}
}

// The size may grow without the data in strict mode only; garbage on request.
func TestCrashAppend(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/a", "")
	must(f.WriteAt([]byte("data"), 0))(t)
	only(t, found(m, looksLike(t, "/db/a")), "", "data", "\x00\x00\x00\x00")
	for seed := range uint64(50) {
		o := vfs.CrashOptions{Choose: vfs.Chance(0.5, rand.New(rand.NewPCG(seed, 0)))}
		if got := contents(t, m.CrashClone(o), "/db/a"); got != "" && got != "data" {
			t.Fatalf("seed %d: ordered data left %q", seed, got)
		}
	}
	must(f.WriteAt(make([]byte, 4092), 4))(t)
	garbage := 0
	for seed := range uint64(200) {
		o := vfs.CrashOptions{Choose: vfs.Chance(0.5, rand.New(rand.NewPCG(seed, 0))), Strict: true, Garbage: true}
		if got := strings.TrimRight(contents(t, m.CrashClone(o), "/db/a"), "\x00"); len(got) > 4 {
			garbage++
		}
	}
	if garbage == 0 {
		t.Error("no garbage in 200 states")
	}
}

// What a kept truncation cut off must not come back, and a lost one has not cut.
func TestCrashTruncate(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/a", "old!")
	check(t, f.Truncate(0))
	must(f.WriteAt([]byte("n"), 3))(t)
	only(t, found(m, looksLike(t, "/db/a")), "old!", "", "\x00\x00\x00n", "\x00\x00\x00\x00")
}

func TestCrashEntries(t *testing.T) {
	m := newMem(t)
	check(t, m.SyncDir("/"))
	f := must(m.Create("/db/a"))(t)
	must(f.WriteAt([]byte("x"), 0))(t)
	look := looksLike(t, "/db/a")
	strictly := func(m *vfs.Mem) string { return look(m.CrashClone(vfs.CrashOptions{Strict: true})) }
	if got := look(m.CrashClone(vfs.CrashOptions{})); got != "none" {
		t.Errorf("before any sync: %q", got)
	}
	check(t, f.Sync())
	if got := strictly(m); got != "none" {
		t.Errorf("strict, without SyncDir: %q", got)
	}
	if got := look(m.CrashClone(vfs.CrashOptions{})); got != "x" {
		t.Errorf("a journal has the entry of a synced file, found %q", got)
	}
	check(t, m.SyncDir("/db"))
	if got := strictly(m); got != "x" {
		t.Errorf("strict, after SyncDir: %q", got)
	}
	check(t, m.Remove("/db/a"))
	only(t, found(m, look), "x", "none")
	check(t, m.SyncDir("/db"))
	only(t, found(m, look), "none")
}

// A rename is found whole or not at all, so the target is never missing.
func TestCrashRename(t *testing.T) {
	m := newMem(t)
	put(t, m, "/db/CURRENT", "old")
	put(t, m, "/db/CURRENT.tmp", "new")
	check(t, m.Rename("/db/CURRENT.tmp", "/db/CURRENT"))
	look := func(m *vfs.Mem) string {
		return contents(t, m, "/db/CURRENT") + fmt.Sprint(exists(m, "/db/CURRENT.tmp"))
	}
	only(t, found(m, look), "oldtrue", "newfalse")
	check(t, m.SyncDir("/db"))
	only(t, found(m, look), "newfalse")
}

// A rename between directories is one operation of both.
func TestCrashRenameAcross(t *testing.T) {
	m := newMem(t)
	put(t, m, "/db/a", "x")
	check(t, m.SyncDir("/db"), m.Rename("/db/a", "/db/store/a"))
	look := func(m *vfs.Mem) string {
		return fmt.Sprint(exists(m, "/db/a"), exists(m, "/db/store/a"))
	}
	only(t, found(m, look), "true false", "false true")
	check(t, m.SyncDir("/db/store"))
	only(t, found(m, look), "false true")
}

// Entry operations are lost from some point on; in any subset when strict.
func TestCrashEntryOrder(t *testing.T) {
	m := newMem(t)
	check(t, m.SyncDir("/"))
	for _, name := range []string{"/db/a", "/db/b"} {
		must(m.Create(name))(t)
	}
	look := func(m *vfs.Mem) string { return fmt.Sprint(exists(m, "/db/a"), exists(m, "/db/b")) }
	only(t, found(m, look), "false false", "true false", "true true", "false true")
	for seed := range uint64(50) {
		o := vfs.CrashOptions{Choose: vfs.Chance(0.5, rand.New(rand.NewPCG(seed, 0)))}
		if look(m.CrashClone(o)) == "false true" {
			t.Fatalf("seed %d: order was not kept", seed)
		}
	}
}

func TestCrashMapped(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/wal", strings.Repeat("o", 3*4096))
	w := must(f.MapWritable())(t)
	for _, at := range []int{0, 8192} {
		copy(w.Bytes()[at:], "n")
	}
	look := func(m *vfs.Mem) string { c := contents(t, m, "/db/wal"); return c[:1] + c[4096:4097] + c[8192:8193] }
	only(t, found(m, look), "ooo", "noo", "oon", "non")
	check(t, f.SyncData())
	only(t, found(m, look), "non")
	copy(w.Bytes()[4096:], "n")
	check(t, w.Unmap())
	only(t, found(m, look), "non", "nnn")
}

func TestCrashDSync(t *testing.T) {
	m := newMem(t)
	check(t, put(t, m, "/db/wal", strings.Repeat("o", 2*4096)).Close())
	plain := must(m.OpenReadWrite("/db/wal"))(t)
	f := must(m.OpenDSync("/db/wal"))(t)
	must(plain.WriteAt([]byte("p"), 4096))(t)
	must(f.WriteAt([]byte("d"), 0))(t)
	look := func(m *vfs.Mem) string { c := contents(t, m, "/db/wal"); return c[:1] + c[4096:4097] }
	only(t, found(m, look), "do", "dp")
	must(f.WriteAt([]byte("grown"), 2*4096))(t)
	only(t, found(m, func(m *vfs.Mem) string { return contents(t, m, "/db/wal")[2*4096:] }), "grown")

	during := map[string]bool{} // a crash during the write may lose it
	m.OnOp = func(op vfs.Op) { during[look(m.CrashClone(vfs.CrashOptions{}))] = true }
	must(f.WriteAt([]byte("e"), 0))(t)
	m.OnOp = nil
	if !during["do"] || during["eo"] {
		t.Errorf("during the write: %v, want the old state alone", during)
	}
}

// A process crash keeps all, and a power failure after it may still take it.
func TestCrashProcess(t *testing.T) {
	m := newMem(t)
	f := put(t, m, "/db/a", "old")
	w := must(f.MapWritable())(t)
	must(f.WriteAt([]byte("new"), 0))(t)
	copy(w.Bytes()[2:], "W")
	must(m.Create("/db/b"))(t)
	check(t, m.Rename("/db/b", "/db/c"), m.Remove("/db/store"))
	must(m.Lock("/db/LOCK"))(t)

	after := m.CrashClone(vfs.CrashOptions{ProcessCrash: true})
	if after.Fingerprint() != m.Fingerprint() || contents(t, after, "/db/a") != "neW" {
		t.Error("a process crash lost something")
	}
	must(after.Lock("/db/LOCK"))(t) // the owner is gone
	must(must(m.OpenReadWrite("/db/a"))(t).WriteAt([]byte("source"), 0))(t)
	if got := contents(t, after, "/db/a"); got != "neW" {
		t.Errorf("the source reached the clone: %q", got)
	}
	lost := after.CrashClone(vfs.CrashOptions{Strict: true})
	if got := contents(t, lost, "/db/a"); got != "old" || exists(lost, "/db/c") || !exists(lost, "/db/store") {
		t.Errorf("a power failure after it left %q", got)
	}
	check(t, must(after.OpenReadWrite("/db/a"))(t).Sync(), after.SyncDir("/db"))
	lost = after.CrashClone(vfs.CrashOptions{Strict: true})
	if got := contents(t, lost, "/db/a"); got != "neW" || !exists(lost, "/db/c") || exists(lost, "/db/store") {
		t.Errorf("a power failure after a sync left %q", got)
	}
}

// After a failed sync the pages count as clean: the next sync succeeds without
// them, unless they are written again.
func TestCrashAfterFailedSync(t *testing.T) {
	m := newMem(t)
	fails := true
	i := vfs.NewInject(m, func(op vfs.Op) vfs.Fault {
		if op.Kind == vfs.OpSyncData && fails {
			return vfs.Fault{Err: syscall.EIO, Clean: true}
		}
		return vfs.Fault{}
	})
	check(t, put(t, m, "/db/a", strings.Repeat("o", 2*4096)).Close())
	f := must(i.OpenReadWrite("/db/a"))(t)
	must(f.WriteAt([]byte("n"), 0))(t)
	must(f.WriteAt([]byte("n"), 4096))(t)
	if err := f.SyncData(); !errors.Is(err, syscall.EIO) {
		t.Fatal(err)
	}
	fails = false
	must(f.WriteAt([]byte("m"), 4097))(t)
	check(t, f.SyncData())
	look := func(m *vfs.Mem) string { c := contents(t, m, "/db/a"); return c[:1] + c[4096:4098] }
	only(t, found(m, look), "onm", "nnm")
	must(f.WriteAt([]byte("n"), 0))(t)
	check(t, f.SyncData())
	only(t, found(m, look), "nnm")
}

// Sites name the file and the operation at stake, and the number of choices is
// what the history leaves open.
func TestCrashSites(t *testing.T) {
	m := newMem(t)
	check(t, m.SyncDir("/"), m.SyncDir("/db"))
	var numbers []uint64
	m.OnOp = func(op vfs.Op) { numbers = append(numbers, op.Number) }
	f := must(m.Create("/db/old"))(t)
	must(f.WriteAt([]byte("abc"), 0))(t)
	must(f.WriteAt([]byte("x"), 1))(t)
	check(t, m.Rename("/db/old", "/db/new"))
	var got []string
	m.CrashClone(vfs.CrashOptions{Strict: true, Choose: func(s vfs.CrashSite, n int) int {
		got = append(got, fmt.Sprintf("%v of %s at %d: %d by %d", s.Kind, s.File, s.Offset, n, s.Made-numbers[0]))
		return n - 1
	}})
	want := []string{
		"entry of /db/old at 0: 2 by 0", "entry of /db/old at 0: 2 by 3",
		"size of /db/new at 0: 2 by 1", "block of /db/new at 0: 3 by 2",
	}
	if !slices.Equal(got, want) {
		t.Errorf("sites %q, want %q", got, want)
	}
}
