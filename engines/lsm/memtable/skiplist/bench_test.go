package skiplist

import (
	"testing"

	"lsmlab/engines/lsm/memtable/memtabletest"
)

// BenchmarkChoices races the table against itself without one idea each.
func BenchmarkChoices(b *testing.B) {
	with := func(name string, change func(*tuning)) memtabletest.Contestant {
		tune := defaultTuning
		change(&tune)
		return memtabletest.Contestant{Name: name, New: factory(tune)}
	}
	memtabletest.Race(b, []memtabletest.Contestant{
		with("as-is", func(*tuning) {}),
		with("halves", func(t *tuning) { t.height = halving }),
		with("quarters", func(t *tuning) { t.height = quartering }),
		with("half-index", func(t *tuning) { t.lessons = []lesson{{2, 8}, {32, 11}, {256, 14}, {1024, 16}} }),
		with("no-index", func(t *tuning) { t.lessons = []lesson{{2, 3}, {32, 3}, {1024, 3}} }),
		with("no-abbreviations", func(t *tuning) { t.lessons = nil }),
	})
}
