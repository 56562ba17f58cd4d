package lsm

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"lsmlab/engines/kv"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// TestCrashInOpen kills the process at every operation of a store's life (first
// open, synced writes, flush, compaction), reopens what that leaves, and cuts the
// power at every operation of that reopening. Every write that was acknowledged
// as synced must be there in the end. What the dead process had written but not
// synced is at stake in the second crash: an Open that believes it and lets go
// of the WAL before it made it durable would fail here.
func TestCrashInOpen(t *testing.T) {
	rng := testseed.Rand(t)
	type killed struct {
		disk  *vfs.Mem
		acked int
		op    vfs.Op
	}
	// Operations come from goroutines of the store too. What was acknowledged is
	// read before the clone: what is acknowledged between may be missing in it.
	var mu sync.Mutex
	var states []killed
	var acked atomic.Int64
	disk := vfs.NewMem()
	disk.OnOp = func(op vfs.Op) {
		mu.Lock()
		defer mu.Unlock()
		n := int(acked.Load())
		states = append(states, killed{disk.CrashClone(vfs.CrashOptions{ProcessCrash: true}), n, op})
	}
	o := Options{}.Small()
	o.FS = disk
	db, err := Open("db", o)
	if err != nil {
		t.Fatal(err)
	}
	for acked.Load() < 30 {
		var b kv.Batch
		b.Set(fmt.Appendf(nil, "key%03d", acked.Load()), make([]byte, 100))
		if err := db.Apply(&b, kv.Synced); err != nil {
			t.Fatal(err)
		}
		if acked.Add(1)%12 == 0 {
			if err := db.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Compact(); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	cuts := 0
	for _, k := range states {
		var cut []*vfs.Mem
		k.disk.OnOp = func(vfs.Op) {
			mu.Lock()
			defer mu.Unlock()
			cut = append(cut, k.disk.CrashClone(vfs.CrashOptions{
				Choose: vfs.Chance([]float64{0, 0.5, 0.9}[rng.IntN(3)], rng), BlockSize: 512, Strict: rng.IntN(2) == 0,
			}))
		}
		checkReopens(t, o, k.disk, k.acked, fmt.Sprintf("killed before %v", k.op))
		k.disk.OnOp = nil
		for i, disk := range cut {
			checkReopens(t, o, disk, k.acked, fmt.Sprintf("killed before %v, power cut at operation %d of the reopening", k.op, i))
		}
		cuts += len(cut)
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills, %d power cuts", len(states), cuts)
}

func checkReopens(t *testing.T, o Options, disk *vfs.Mem, acked int, when string) {
	t.Helper()
	o.FS = disk
	db, err := Open("db", o)
	if err != nil {
		t.Errorf("%s: %v", when, err)
		return
	}
	defer db.Close()
	for i := range acked {
		if _, err := db.Get(nil, fmt.Appendf(nil, "key%03d", i)); err != nil {
			t.Errorf("%s: key %d of %d acknowledged: %v", when, i, acked, err)
			return
		}
	}
}
