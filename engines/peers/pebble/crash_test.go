package pebble

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"lsmlab/engines/kv"
	"lsmlab/engines/kv/kvtest"
	"lsmlab/engines/peers"
	"lsmlab/engines/testseed"
	ours "lsmlab/engines/vfs"
)

// machine crashes Pebble's own in-memory file system, below walFS: a power
// failure takes any part of what was not synced.
type machine struct{ disk *vfs.MemFS }

func (m *machine) Open(dir string) (kv.Engine, error) {
	return open(dir, peers.Options{CacheSize: 1 << 20, MemTableSize: 64 << 10}, m.disk)
}

func (m *machine) Crash(kind kvtest.CrashKind, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	cfg := vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rng}
	if kind == kvtest.PowerOff {
		cfg.UnsyncedDataPercent = []int{0, 10, 50, 90}[rng.IntN(4)]
	}
	m.disk = m.disk.CrashClone(cfg)
}

func newMachine() kvtest.Machine { return &machine{vfs.NewCrashableMem()} }

func TestCrash(t *testing.T) { kvtest.Random(t, kvtest.Harness{NewMachine: newMachine}) }
func FuzzCrash(f *testing.F) { kvtest.Fuzz(f, kvtest.Harness{NewMachine: newMachine}) }

// TestSyncedSurvivesBuffered cuts the power after one synced write and many
// buffered ones, of which any blocks may be lost. The store must open and have
// the synced write: the log must not claim that what was buffered was synced.
func TestSyncedSurvivesBuffered(t *testing.T) {
	rng := testseed.Rand(t)
	for round := range 20 {
		m := &machine{vfs.NewCrashableMem()}
		open := func() kv.Engine {
			e, err := open("db", peers.Options{CacheSize: 1 << 20, MemTableSize: 4 << 20}, m.disk)
			if err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
			return e
		}
		e := open()
		write := func(key byte, size int, d kv.Durability) {
			var b kv.Batch
			b.Set([]byte{key}, make([]byte, size))
			if err := e.Apply(&b, d); err != nil {
				t.Fatal(err)
			}
		}
		write('s', 1, kv.Synced)
		for i := range byte(60) {
			write(i, 10_000, kv.Buffered)
		}
		old := e
		m.disk = m.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 80, RNG: rng})
		old.Close()
		e = open()
		if _, err := e.Get(nil, []byte{'s'}); err != nil {
			t.Errorf("round %d: synced write: %v", round, err)
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// foreignMachine crashes a file system of this module, below foreignFS.
type foreignMachine struct{ disk *ours.Mem }

func (m *foreignMachine) Open(dir string) (kv.Engine, error) {
	return Open(dir, peers.Options{FS: m.disk, Small: true})
}

func (m *foreignMachine) Crash(kind kvtest.CrashKind, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	o := ours.CrashOptions{ProcessCrash: true}
	if kind == kvtest.PowerOff {
		o = ours.CrashOptions{Choose: ours.Chance([]float64{0, 0.3, 0.6, 1}[rng.IntN(4)], rng)}
	}
	m.disk = m.disk.CrashClone(o)
}

// TestForeignCrash runs the small store on our file system, crashed as a
// journalling file system with ordered data may leave it.
func TestForeignCrash(t *testing.T) {
	kvtest.RunRandom(t, kvtest.Harness{NewMachine: func() kvtest.Machine {
		return &foreignMachine{ours.NewMem()}
	}}, testseed.New(t), 3000)
}
