package bptree

import (
	"testing"

	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/memtabletest"
)

func TestMemTable(t *testing.T)      { memtabletest.Run(t, New) }
func FuzzMemTable(f *testing.F)      { memtabletest.Fuzz(f, New) }
func BenchmarkMemTable(b *testing.B) { memtabletest.Bench(b, New) }

// newTiny makes trees of the smallest nodes: every third insert splits, and a
// few hundred entries make many levels.
func newTiny(o memtable.Options) memtable.MemTable { return newTree(o, 2, 3) }

func TestMemTableTiny(t *testing.T) { memtabletest.Run(t, newTiny) }
func FuzzMemTableTiny(f *testing.F) { memtabletest.Fuzz(f, newTiny) }
