package manifest

import (
	"fmt"
	"path"
	"testing"

	"lsmlab/engines/lsm/ikey"
	"lsmlab/engines/vfs"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// newTable returns a table over [lo, hi] whose other facts derive from its ID.
func newTable(id uint64, lo, hi string) *Table {
	return &Table{
		ID: id, Size: int64(id) * 1000, Smallest: []byte(lo), Largest: []byte(hi),
		MinSeq: ikey.Seq(id * 10), MaxSeq: ikey.Seq(id*10 + 9), Entries: id * 7, Deletes: id,
	}
}

// history returns edits that fit one after the other: flushes, a compaction of
// two L0 tables, and a move.
func history() []*Edit {
	return []*Edit{
		{Added: []LevelTable{{0, newTable(2, "a", "m")}}, FlushedSeq: 29, NextFileID: 3},
		{Added: []LevelTable{{0, newTable(3, "", "\x00\xff")}}, FlushedSeq: 39, NextFileID: 5},
		{
			Removed: []TableRef{{0, 2}, {0, 3}}, NextFileID: 7,
			Added: []LevelTable{{1, newTable(5, "", "c")}, {1, newTable(6, "d", "m")}},
		},
		{Removed: []TableRef{{1, 6}}, Added: []LevelTable{{2, newTable(6, "d", "m")}}},
		{FlushedSeq: 1 << 40},
	}
}

// versions returns the empty version and the one after each edit.
func versions(t testing.TB, edits []*Edit) []*Version {
	t.Helper()
	all := []*Version{{}}
	for _, e := range edits {
		next, err := all[len(all)-1].Apply(e)
		check(t, err)
		all = append(all, next)
	}
	return all
}

// show returns all of a version as a string, for comparing.
func show(v *Version) string {
	s := fmt.Sprintf("flushed %d next %d", v.FlushedSeq, v.NextFileID)
	for _, lt := range v.Tables() {
		s += fmt.Sprintf(" L%d %+v", lt.Level, *lt.Table)
	}
	return s
}

func newStore(t testing.TB) *vfs.Mem {
	m := vfs.NewMem()
	check(t, m.MkdirAll("/db"))
	check(t, m.SyncDir("/"))
	return m
}

// write makes manifest fileNum with base and edits.
func write(t testing.TB, fsys vfs.FS, fileNum uint64, base *Version, edits []*Edit) {
	t.Helper()
	l, err := Create(fsys, "/db", fileNum, base)
	check(t, err)
	for _, e := range edits {
		check(t, l.Append(e))
	}
	check(t, l.Close())
}

// get returns the content of a file in the store.
func get(t testing.TB, fsys vfs.FS, name string) []byte {
	t.Helper()
	data, err := readFile(fsys, path.Join("/db", name), maxFileSize)
	check(t, err)
	return data
}

// put replaces a file in the store.
func put(t testing.TB, fsys vfs.FS, name string, data []byte) {
	t.Helper()
	check(t, writeFile(fsys, path.Join("/db", name), data))
}
