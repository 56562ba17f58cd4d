package lsm

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"lsmlab/engines/kv"
	"lsmlab/engines/lsm/wal"
	"lsmlab/engines/testseed"
	"lsmlab/engines/vfs"
)

// TestCrashesBesideShortage cuts the power again and again while writers, flushes,
// compactions, syncs and ticks run beside each other and one operation in 25 is refused
// for want of something. Each crash leaves a store that opens and has every write that
// was acknowledged as synced before it, and each before that of the same writer which
// was not refused. Rounds differ in how the log is written, how tables are laid out,
// and what reads see.
func TestCrashesBesideShortage(t *testing.T) {
	rng := testseed.Rand(t)
	for round := range 12 {
		o := Options{
			WALWrite: wal.WriteMethod(round % 2), Compaction: CompactionStyle(round / 2 % 3),
			DurableReads: rng.IntN(2) == 0, Reserve: rng.IntN(2) == 0,
		}.Small()
		if rng.IntN(3) == 0 {
			o.SyncInterval = 2 * time.Millisecond
		}
		o.MaxImmutable, o.ManifestRollSize, o.WALSegmentSize, o.WALPoolSize = 2, 1, 2<<10, 8<<10
		o.RetryInterval, o.TickInterval = time.Millisecond, time.Millisecond
		c := &crashedStore{TB: t, disk: vfs.NewMem(), o: o, seed: rng.Uint64()}
		c.run()
		if t.Failed() {
			t.Fatalf("round %d: %v log, %v, durable reads %v", round, o.WALWrite, o.Compaction, o.DurableReads)
		}
	}
}

const crashWriters, crashWrites = 5, 200

type crashedStore struct {
	testing.TB
	disk *vfs.Mem
	o    Options
	seed uint64
	db   *DB

	refused [crashWriters][crashWrites]atomic.Bool // or not acknowledged yet
	synced  [crashWriters]atomic.Int64             // all up to it that were not refused are durable
}

// run does one round, and looks at the end at all that was acknowledged.
func (c *crashedStore) run() {
	c.Helper()
	var scarce atomic.Bool
	var calls atomic.Uint64
	o := c.o
	o.FS = vfs.NewInject(c.disk, func(op vfs.Op) (f vfs.Fault) {
		rng := rand.New(rand.NewPCG(c.seed, calls.Add(1)))
		if !scarce.Load() || rng.IntN(25) > 0 {
			return f
		}
		switch op.Kind {
		case vfs.OpSync, vfs.OpSyncData, vfs.OpSyncDir, vfs.OpRead:
			return f // those are final
		}
		return vfs.Fault{Err: []error{syscall.ENOSPC, syscall.EMFILE, syscall.ENOMEM}[rng.IntN(3)], Short: rng.IntN(200)}
	})
	var err error
	if c.db, err = Open("db", o); err != nil {
		c.Fatal(err)
	}
	scarce.Store(true)
	var writing, crashing sync.WaitGroup
	done := make(chan struct{})
	for w := range crashWriters {
		writing.Go(func() { c.write(w) })
	}
	crashing.Go(func() {
		for rng := rand.New(rand.NewPCG(c.seed, 1)); !closed(done); {
			c.crash(rng)
		}
	})
	writing.Wait()
	close(done)
	crashing.Wait()
	scarce.Store(false)
	if err := errors.Join(c.db.Flush(), c.db.Compact(), c.db.Settle(), c.db.Close()); err != nil {
		c.Fatal(err)
	}
	for w := range c.synced {
		c.synced[w].Store(crashWrites)
	}
	c.crash(rand.New(rand.NewPCG(c.seed, 2)))
}

// write makes the writes of one writer, and what else goes on.
func (c *crashedStore) write(w int) {
	rng := rand.New(rand.NewPCG(c.seed, uint64(w)))
	for i := range crashWrites {
		var b kv.Batch
		b.Set(crashKey(w, i), make([]byte, rng.IntN(300)))
		level := kv.Durability(rng.IntN(3))
		c.refused[w][i].Store(true)
		err := c.db.Apply(&b, level)
		if err == nil {
			if c.refused[w][i].Store(false); level == kv.Synced {
				c.synced[w].Store(int64(i) + 1)
			}
		}
		switch n := w*crashWrites + i; {
		case n%150 == 0:
			err = errors.Join(err, c.db.Compact())
		case n%40 == 0:
			err = errors.Join(err, c.db.Flush())
		case n%20 == 0:
			err = errors.Join(err, c.db.Sync())
		}
		if err != nil && !errors.Is(err, kv.ErrExhausted) {
			c.Error(err)
			return
		}
	}
}

func crashKey(w, i int) []byte { return fmt.Appendf(nil, "%d-%06d", w, i) }

// crash opens what a power cut leaves now, and looks for what must be there.
func (c *crashedStore) crash(rng *rand.Rand) {
	c.Helper()
	var before [crashWriters]int64
	for w := range c.synced {
		before[w] = c.synced[w].Load()
	}
	o := c.o
	strict := rng.IntN(2) == 0
	o.FS = c.disk.CrashClone(vfs.CrashOptions{
		Choose: vfs.Chance(rng.Float64(), rng), BlockSize: 512, Strict: strict, Garbage: strict && rng.IntN(2) == 0,
	})
	db, err := Open("db", o)
	if err != nil {
		c.Errorf("after a power cut: %v", err)
		return
	}
	for w, synced := range before {
		for i := range int(synced) {
			if _, err := db.Get(nil, crashKey(w, i)); err != nil && !c.refused[w][i].Load() {
				c.Errorf("write %d of writer %d, of %d before the power cut: %v", i, w, synced, err)
			}
		}
	}
	if err := db.Close(); err != nil {
		c.Error(err)
	}
}
