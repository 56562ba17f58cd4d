package memrace

import (
	"fmt"
	"math/rand/v2"

	"lsmlab/harness/drive"
	"lsmlab/harness/micro"
)

// The work of a race, by the names of workloads in its cells.
const (
	workInsert = "memtable-insert"
	workGet    = "memtable-get"
	workWalk   = "memtable-walk"
	workMixed  = "memtable-mixed"
)

// works are in the order of a report.
var works = []micro.Work{
	{Name: workInsert, About: "distinct keys in random order into an empty table"},
	{Name: workGet, About: "random keys of a full table"},
	{Name: workWalk, About: "every thread walks all entries in order"},
	{Name: workMixed, About: "half inserts of new keys, half reads of keys that are present"},
}

// work does the part of one thread.
func (r *run) work(lap *drive.Lap, thread, threads int64) error {
	rng := rand.NewPCG(r.Seed, uint64(thread))
	switch r.Work {
	case workInsert:
		for i := thread; i < r.Keys; i += threads {
			r.insert(lap, i)
		}
	case workGet:
		for i := thread; i < r.Keys; i += threads {
			if err := r.get(lap, rng, r.Keys); err != nil {
				return err
			}
		}
	case workWalk:
		return r.walk(lap)
	case workMixed:
		half := r.Keys / 2
		for i := half + thread; i < r.Keys; i += threads {
			r.insert(lap, i)
			if err := r.get(lap, rng, max(half, 1)); err != nil {
				return err
			}
		}
	}
	return nil
}

// insert inserts key i.
func (r *run) insert(lap *drive.Lap, i int64) {
	r.table.Insert(r.keys.at(i), r.value, uint64(i+1))
	lap.Next()
}

// get reads a random key among the first ones, which the table holds.
func (r *run) get(lap *drive.Lap, rng *rand.PCG, below int64) error {
	key := r.keys.at(int64(rng.Uint64() % uint64(below)))
	v, ok := r.table.Get(key)
	lap.Next()
	if !ok || len(v) != len(r.value) {
		return fmt.Errorf("key %x is lost", key)
	}
	return nil
}

// walkPart is how many entries of a walk count as one call, so that a reading of the
// clock does not outweigh a step.
const walkPart = 1000

func (r *run) walk(lap *drive.Lap) error {
	var seen, bytes int64
	r.table.Walk(func(key, value []byte) bool {
		bytes += int64(key[0]) + int64(len(value)) // touch both
		if seen++; seen%walkPart == 0 {
			lap.Next()
		}
		return true
	})
	lap.Next()
	if seen != r.Keys || bytes < seen*int64(len(r.value)) {
		return fmt.Errorf("the walk saw %d entries, want %d", seen, r.Keys)
	}
	return nil
}
