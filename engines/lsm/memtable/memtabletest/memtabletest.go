// Package memtabletest judges MemTables. It has one conformance suite, one fuzz target
// and one benchmark for all variants. A variant calls them in three lines:
//
//	func TestMemTable(t *testing.T)      { memtabletest.Run(t, rbtree.New) }
//	func FuzzMemTable(f *testing.F)      { memtabletest.Fuzz(f, rbtree.New) }
//	func BenchmarkMemTable(b *testing.B) { memtabletest.Bench(b, rbtree.New) }
//
// The judge is a sorted slice (see model). Every method of a table must agree with it
// at every entry, beside every entry and behind the last. Values describe themselves
// (see valueOf), so a value of another version, or of none, is noticed wherever it is
// read. Run the suite with -race too: arenas then take their memory from the Go heap,
// where the detector sees accesses.
package memtabletest

import (
	"testing"

	"lsmlab/engines/internal/arena"
	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/lsm/memtable"
)

// Run runs the conformance suite on tables made by f. It must not run in parallel with
// other users of arenas, because it checks how much memory they hold.
func Run(t *testing.T, f memtable.Factory) {
	for _, c := range []struct {
		name string
		test func(*testing.T, memtable.Factory)
	}{
		{"Empty", testEmpty},
		{"Versions", testVersions},
		{"Tombstones", testTombstones},
		{"Values", testValues},
		{"CallerBuffers", testCallerBuffers},
		{"Shapes", testShapes},
		{"Random", testRandom},
		{"Batches", testBatches},
		{"IterateWhileAdding", testIterateWhileAdding},
		{"Size", testSize},
		{"Release", testRelease},
		{"Concurrent", testConcurrent},
		{"ConcurrentNeighbours", testConcurrentNeighbours},
		{"ConcurrentBatches", testConcurrentBatches},
	} {
		t.Run(c.name, func(t *testing.T) {
			held := arena.Held()
			// Cleanups run last in, first out: this one after those of the tables.
			t.Cleanup(func() {
				if n := arena.Held(); !t.Failed() && n != held {
					t.Errorf("%d bytes of arenas held after the test, want %d", n, held)
				}
			})
			c.test(t, f)
		})
	}
}

// table is a MemTable under test with the model that says what the MemTable must hold.
type table struct {
	t  *testing.T
	mt memtable.MemTable
	model
	next ikey.Seq
}

// newTable returns an empty table, released when the test ends.
func newTable(t *testing.T, f memtable.Factory) *table {
	mt := f(memtable.Options{SizeHint: 1 << 20})
	t.Cleanup(mt.Release)
	return &table{t: t, mt: mt, next: 1}
}

// set adds the next version of user with a value of size bytes.
func (tb *table) set(user []byte, size int) {
	tb.add(user, tb.next, ikey.Set, valueOf(user, tb.next, size))
	tb.next++
}

func (tb *table) add(user []byte, seq ikey.Seq, kind ikey.Kind, value []byte) {
	k := ikey.New(user, seq, kind)
	tb.mt.Add(k, value)
	tb.model.add(k, value)
}

// check compares all answers of the table with the model.
func (tb *table) check() {
	tb.t.Helper()
	if err := tb.agree(tb.mt); err != nil {
		tb.t.Fatal(err)
	}
}

// scaled returns n, or a quarter of it with -short.
func scaled(n int) int {
	if testing.Short() {
		return n / 4
	}
	return n
}
