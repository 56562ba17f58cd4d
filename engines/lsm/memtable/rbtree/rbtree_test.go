package rbtree

import (
	"testing"

	"lsmlab/engines/lsm/memtable"
	"lsmlab/engines/lsm/memtable/memtabletest"
)

func TestMemTable(t *testing.T)      { memtabletest.Run(t, New) }
func FuzzMemTable(f *testing.F)      { memtabletest.Fuzz(f, New) }
func BenchmarkMemTable(b *testing.B) { memtabletest.Bench(b, New) }

// badLuck are tables of all that can go wrong: splits at every other insert, one
// tree that never splits, a directory that is always out of date.
var badLuck = map[string]tuning{
	"tiny":  {lines: 2},
	"one":   {lines: maxLines},
	"blind": {lines: 100, blind: true},
}

func (tune tuning) factory(o memtable.Options) memtable.MemTable { return newTable(o, tune) }

func TestMemTableBadLuck(t *testing.T) {
	for name, tune := range badLuck {
		t.Run(name, func(t *testing.T) { memtabletest.Run(t, tune.factory) })
	}
}

func FuzzMemTableTiny(f *testing.F) { memtabletest.Fuzz(f, badLuck["tiny"].factory) }
